// What is served at which path, who may call it, and what the answer is. How a request finds its route is in dispatch.ts.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/server.go; restart, rotate and the /debug pages are ours.

import type { IncomingMessage, ServerResponse } from 'node:http';

import type { Log } from '../runtime/log.ts';
import type { Route, Routes } from './dispatch.ts';
import { sendJson, sendJsonPieces, sendJsonText, sendText } from './replies.ts';
import type { MetricsPage } from './metrics/metrics-page.ts';
import type { Readiness } from './readiness/readiness.ts';
import type { ReadinessLog } from './readiness/readiness-log.ts';
import { verboseText, type CheckHistory, type UpstreamError } from './readiness/readiness-report.ts';

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

/** What a caller may look at; each is written as JSON. */
export interface AgentViews {
  readonly envoySnapshot: () => Promise<unknown>;
  /** Facts of certificates only: no key and no token may be in it. */
  readonly certificateFacts: () => unknown;
  readonly lastUpstreamError: () => UpstreamError | undefined;
  readonly xdsStreams: () => unknown;
  /** The name table as protobuf JSON, in pieces; undefined when there is none. */
  readonly nameTable: () => AsyncIterable<string> | undefined;
}

export interface RouteParts {
  readonly readiness: Readiness;
  readonly readinessLog: ReadinessLog;
  readonly history: CheckHistory;
  readonly metrics: MetricsPage;
  /** Metrics for loopback callers only. */
  readonly metricsLoopbackOnly: boolean;
  readonly actions: AgentActions;
  readonly views: AgentViews;
  readonly log: Log;
}

export function routes(parts: RouteParts): Routes {
  const metrics: Route = {
    loopbackOnly: parts.metricsLoopbackOnly,
    handle: (request, response) => parts.metrics.serve(request, response),
  };
  const { actions, views } = parts;
  const exact = new Map<string, Route>([
    ['/healthz/ready', { loopbackOnly: false, handle: (...call) => ready(parts, ...call) }],
    ['/metrics', metrics],
    ['/stats/prometheus', metrics],
    ['/quitquitquit', action((response) => quit(actions, response))],
    ['/drain', action((response) => drain(actions, response))],
    ['/restart', action((response, request) => restart(actions, response, request))],
    ['/rotate', action((response) => rotate(actions, response))],
    ['/debug/readyz', view((response) => readyz(parts, response))],
    ['/debug/envoyz', view(async (response) => sendJson(response, 200, await views.envoySnapshot()))],
    ['/debug/ndsz', view((response) => ndsz(views, response))],
    ['/debug/xds', view((response) => sendJson(response, 200, views.xdsStreams()))],
    ['/debug/certs', view((response) => sendJson(response, 200, views.certificateFacts()))],
  ]);
  return { exact, prefixes: [] };
}

function action(handle: (response: ServerResponse, request: IncomingMessage) => void): Route {
  return { loopbackOnly: true, method: 'POST', handle: (request, response) => handle(response, request) };
}

function view(handle: (response: ServerResponse) => void | Promise<void>): Route {
  return { loopbackOnly: true, handle: (_request, response) => handle(response) };
}

async function ready(parts: RouteParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const report = await parts.readiness.check();
  parts.history.record(report);
  const verbose = queryOf(request).has('verbose');
  if (!verbose) parts.readinessLog.probed(report);
  const status = report.reason === undefined ? 200 : 503;
  if (verbose) sendText(response, status, verboseText(report, parts.views.lastUpstreamError()));
  else response.writeHead(status, { 'Content-Length': 0 }).end();
}

function queryOf(request: IncomingMessage): URLSearchParams {
  return new URLSearchParams(request.url?.split('?', 2)[1]);
}

async function readyz(parts: RouteParts, response: ServerResponse): Promise<void> {
  const report = await parts.readiness.check();
  parts.history.record(report);
  sendJson(response, 200, parts.history.json(report, parts.views.lastUpstreamError()));
}

/** Tools read `{}` where there is no table, and not our line end. */
function ndsz(views: AgentViews, response: ServerResponse): void | Promise<void> {
  const table = views.nameTable();
  return table === undefined ? sendJsonText(response, 404, '{}') : sendJsonPieces(response, table);
}

/** The answer goes first: whoever asked must learn that it worked before the process is gone. */
function quit(actions: AgentActions, response: ServerResponse): void {
  response.once('close', () => actions.quit('/quitquitquit called'));
  sendText(response, 200, 'OK');
}

function drain(actions: AgentActions, response: ServerResponse): void {
  response.once('close', () => actions.drain());
  sendText(response, 200, 'OK');
}

function restart(actions: AgentActions, response: ServerResponse, request: IncomingMessage): void {
  const answer = actions.restart(queryOf(request).get('force') === 'true');
  if (answer.accepted) sendJson(response, 202, answer);
  else sendText(response, 409, `${answer.why}\n`);
}

function rotate(actions: AgentActions, response: ServerResponse): void {
  const why = actions.rotationObstacle();
  if (why !== undefined) return sendText(response, 409, `${why}\n`);
  response.once('close', () => actions.rotate());
  sendText(response, 200, 'OK');
}
