// The endpoints that have the agent do something: they answer first, and act when the answer is on its way.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/server.go has quitquitquit and drain; restart and rotate are ours.

import type { IncomingMessage, ServerResponse } from 'node:http';

import { sendJson, sendText } from './replies.ts';
import { queryOf } from './request-target.ts';

/** What a caller may ask of the agent. */
export interface AgentActions {
  /**
   * Asks for a hot restart; returns at once.
   *
   * @param force do not wait for an Envoy that still drains: its connections are cut
   */
  readonly restart: (force: boolean) => RestartAnswer;
  /** Why no new certificate can be signed; undefined: it can. */
  readonly rotationObstacle: () => string | undefined;
  /** Starts signing a new certificate; returns at once. */
  readonly rotate: () => void;
  /** Starts Envoy's drain; the agent runs on. */
  readonly drain: () => void;
  /** Ends the agent without draining. */
  readonly quit: (cause: string) => void;
}

export type RestartAnswer =
  | { readonly accepted: true; readonly epoch: number }
  /** Hot restart is off, the proxy drains, or the agent is on its way out. */
  | { readonly accepted: false; readonly why: string };

/** The answer goes first: whoever asked must learn that it worked before the process is gone. */
export function quit(actions: AgentActions, response: ServerResponse): void {
  response.once('close', () => actions.quit('/quitquitquit called'));
  sendText(response, 200, 'OK');
}

export function drain(actions: AgentActions, response: ServerResponse): void {
  response.once('close', () => actions.drain());
  sendText(response, 200, 'OK');
}

/** `?force=true` does not wait for an Envoy that still drains. */
export function restart(actions: AgentActions, request: IncomingMessage, response: ServerResponse): void {
  const answer = actions.restart(queryOf(request).get('force') === 'true');
  if (answer.accepted) sendJson(response, 202, answer);
  else sendText(response, 409, `${answer.why}\n`);
}

export function rotate(actions: AgentActions, response: ServerResponse): void {
  const why = actions.rotationObstacle();
  if (why !== undefined) return sendText(response, 409, `${why}\n`);
  response.once('close', () => actions.rotate());
  sendText(response, 200, 'OK');
}
