// What Envoy's admin statistics say about readiness: which ones are asked for, how their lines are read, and
// the words for what is missing. Pure; the polling is in readiness.ts.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/util/stats.go and status/ready/probe.go.

import { AgentError } from '../../runtime/errors.ts';

/** A statistics page that does not have the shape it should have. */
export class EnvoyStatsError extends AgentError {}

const UPDATES = 'cluster_manager\\.cds|listener_manager\\.lds';

/** Path of the admin request that tells which configuration updates Envoy took. */
export const UPDATES_PATH = statsPath(`^(${UPDATES})\\.(update_success|update_rejected)$`);

/** Path of the admin request that tells whether Envoy serves. */
export const SERVING_PATH = statsPath('^(server\\.state|listener_manager\\.workers_started)');

const LIVE = 0;
const STATE_NAMES = ['LIVE', 'DRAINING', 'PRE_INITIALIZING', 'INITIALIZING'];

export type UpdateVerdict =
  | { readonly kind: 'received' }
  /** `text` is upstream's sentence; `rejected`: Envoy refused an update, so it has words of its own about it. */
  | { readonly kind: 'missing'; readonly rejected: boolean; readonly text: string };

/** Whether Envoy took clusters and listeners once. @throws EnvoyStatsError on a malformed page */
export function updateVerdict(page: string): UpdateVerdict {
  const [cdsOk, cdsRejected, ldsOk, ldsRejected] = readStats(page, [
    'cluster_manager.cds.update_success',
    'cluster_manager.cds.update_rejected',
    'listener_manager.lds.update_success',
    'listener_manager.lds.update_rejected',
  ]).map((value) => value ?? 0) as [number, number, number, number];
  if (cdsOk > 0 && ldsOk > 0) return { kind: 'received' };
  const rejected = cdsRejected > 0 || ldsRejected > 0;
  const counts =
    `cds updates: ${cdsOk} successful, ${cdsRejected} rejected; ` +
    `lds updates: ${ldsOk} successful, ${ldsRejected} rejected`;
  return { kind: 'missing', rejected, text: `${sentence(cdsOk + ldsOk, rejected)}: ${counts}` };
}

function sentence(successes: number, rejected: boolean): string {
  if (successes === 0) return 'config not received from XDS server (is Istiod running?)';
  return rejected
    ? 'config received from XDS server, but was rejected'
    : 'config not fully received from XDS server';
}

/** Why Envoy does not serve, or undefined when it does. @throws EnvoyStatsError on a malformed page */
export function notServingReason(page: string): string | undefined {
  const [state, workers] = readStats(page, ['server.state', 'listener_manager.workers_started']);
  if (state === undefined) return notYet('server.state', page);
  if (workers === undefined) return notYet('listener_manager.workers_started', page);
  if (state !== LIVE) return `server is not live, current state is: ${STATE_NAMES[state] ?? 'UNKNOWN'}`;
  return workers === 1 ? undefined : 'workers have not yet started';
}

function notYet(stat: string, page: string): string {
  return `failed to get readiness stats: ${stat} is not yet updated: ${page}`;
}

function readStats(page: string, names: readonly string[]): readonly (number | undefined)[] {
  const lines = page.split('\n');
  const problems: string[] = [];
  const values = names.map((name) => {
    const line = lines.find((text) => text.startsWith(name));
    const value = line === undefined ? undefined : readLine(name, line);
    if (typeof value !== 'string') return value;
    problems.push(value);
    return undefined;
  });
  if (problems.length > 0) throw new EnvoyStatsError(problems.join('; '));
  return values;
}

/** The value of a `name: value` line, or the sentence that says what is wrong with it. */
function readLine(name: string, line: string): number | string {
  const parts = line.split(':');
  const text = parts[1]?.trim();
  if (parts.length !== 2 || text === undefined) {
    return `envoy stat ${name} missing separator. line:${line}`;
  }
  if (/^\d+$/.test(text)) return Number(text);
  return `failed parsing Envoy stat ${name} (error: "${text}" is not an unsigned integer) line: ${line}`;
}

function statsPath(filter: string): string {
  return `/stats?usedonly&filter=${encodeURIComponent(filter)}`;
}
