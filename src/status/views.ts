// What the debug pages show of the other parts of the agent, most of it as JSON. None of it may hold a secret: every
// container of the pod can read these pages.

import type { ServerResponse } from 'node:http';

import type { UpstreamError } from './readiness/readiness-report.ts';
import { sendJsonPieces, sendJsonText } from './replies.ts';

/** What a caller may look at; each is written as JSON. */
export interface AgentViews {
  readonly envoySnapshot: () => Promise<unknown>;
  /** Facts of certificates only: no key and no token may be in it. */
  readonly certificateFacts: () => unknown;
  readonly lastUpstreamError: () => UpstreamError | undefined;
  readonly xdsStreams: () => unknown;
  /** How long the steps of the agent's start took. */
  readonly startup: () => unknown;
  /** The name table as protobuf JSON, in pieces; undefined when there is none. */
  readonly nameTable: () => AsyncIterable<string> | undefined;
}

/** Tools read `{}` where there is no table, and not our line end. */
export function ndsz(views: AgentViews, response: ServerResponse): void | Promise<void> {
  const table = views.nameTable();
  return table === undefined ? sendJsonText(response, 404, '{}') : sendJsonPieces(response, table);
}
