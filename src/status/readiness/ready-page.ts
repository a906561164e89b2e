// The two pages about readiness: the kubelet's, whose status says it all, and the one for people. How it is found out
// is in readiness.ts.

import type { IncomingMessage, ServerResponse } from 'node:http';

import { maskShapes } from '../../runtime/redaction.ts';
import { sendJson, sendText } from '../replies.ts';
import { queryOf } from '../request-target.ts';
import type { Readiness } from './readiness.ts';
import type { ReadinessLog } from './readiness-log.ts';
import { verboseText, type CheckHistory, type UpstreamError } from './readiness-report.ts';

export interface ReadyParts {
  readonly readiness: Readiness;
  readonly readinessLog: ReadinessLog;
  readonly history: CheckHistory;
  readonly views: { readonly lastUpstreamError: () => UpstreamError | undefined };
}

/** `/healthz/ready`: 200 or 503 with an empty body; `?verbose` tells each check. */
export async function ready(
  parts: ReadyParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const report = parts.readiness.known() ?? (await parts.readiness.check());
  parts.history.record(report);
  const verbose = queryOf(request).has('verbose');
  if (!verbose) parts.readinessLog.probed(report);
  const status = report.reason === undefined ? 200 : 503;
  if (verbose) sendText(response, status, maskShapes(verboseText(report, parts.views.lastUpstreamError())));
  else response.writeHead(status, { 'Content-Length': 0 }).end();
}

/** `/debug/readyz`: each check as JSON. */
export async function readyz(parts: ReadyParts, response: ServerResponse): Promise<void> {
  const report = await parts.readiness.check();
  parts.history.record(report);
  sendJson(response, 200, parts.history.json(report, parts.views.lastUpstreamError()));
}
