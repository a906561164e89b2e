// `/debug/logging`: how much each scope of the log says, read and changed while the agent runs. A change is gone with the
// process. Envoy's own levels are its own.

import type { IncomingMessage, ServerResponse } from 'node:http';

import { LOG_LEVELS, type LogLevels, type ScopeLevel } from '../runtime/log-settings.ts';
import type { Log } from '../runtime/log.ts';
import { queryOf } from './request-target.ts';
import { sendJson, sendText } from './replies.ts';

/** The word for every scope at once. */
const EVERY_SCOPE = 'level';

/** GET and HEAD tell the levels; POST with `?<scope>=<level>` sets them; all that is asked for, or nothing. */
export function logging(
  { logLevels, log }: { readonly logLevels: LogLevels; readonly log: Log },
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (request.method === 'POST') {
    const changes = [...queryOf(request)];
    const problem = mistakeIn(changes, logLevels);
    if (problem !== undefined) return sendText(response, 400, `${problem}\n`);
    for (const [scope, level] of changes) set(logLevels, scope, level as ScopeLevel);
    log.info(`log levels set: ${changes.map(([scope, level]) => `${scope}=${level}`).join(', ')}`);
  }
  sendJson(response, 200, Object.fromEntries([...logLevels].toSorted(([a], [b]) => (a < b ? -1 : 1))));
}

function mistakeIn(changes: readonly (readonly [string, string])[], levels: LogLevels): string | undefined {
  if (changes.length === 0) return 'name a scope and its level, as in ?dns=debug, or ?level=debug for all';
  for (const [scope, level] of changes) {
    if (scope !== EVERY_SCOPE && !levels.has(scope)) {
      return `unknown scope ${JSON.stringify(scope)}; scopes: ${[...levels.keys()].toSorted().join(', ')}`;
    }
    if (!LOG_LEVELS.some((known) => known === level)) {
      return `unknown level ${JSON.stringify(level)}; levels: ${LOG_LEVELS.join(', ')}`;
    }
  }
  return undefined;
}

function set(levels: LogLevels, scope: string, level: ScopeLevel): void {
  const scopes = scope === EVERY_SCOPE ? [...levels.keys()] : [scope];
  for (const name of scopes) levels.set(name, level);
}
