// What the debug pages show of the other parts of the agent, most of it as JSON. None of it may hold a secret: every
// container of the pod can read these pages.

import type { IncomingMessage, ServerResponse } from 'node:http';

import type { UpstreamError } from './readiness/readiness-report.ts';
import { sendJson, sendJsonPieces, sendJsonText } from './replies.ts';
import { queryOf } from './request-target.ts';

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
  /** Why a name of DNS is answered as it is; undefined where nobody answers. */
  readonly nameReport: (name: string) => Promise<unknown> | undefined;
}

/** With `?host=` what is known of one name. Tools read `{}` where there is no table, and not our line end. */
export async function ndsz(
  views: AgentViews,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const host = queryOf(request).get('host');
  const report = host === null ? undefined : views.nameReport(host);
  if (report !== undefined) return sendJson(response, 200, await report);
  const table = views.nameTable();
  return table === undefined ? sendJsonText(response, 404, '{}') : sendJsonPieces(response, table);
}
