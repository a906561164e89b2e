// Counting what an Envoy still serves, from the text of its stats endpoint, for an end that waits until it is nothing.
// Upstream: istio 1.31 pkg/envoy/agent.go activeProxyConnections; counting requests is ours.

/** The statistics to ask for. */
export const ACTIVE_CONNECTIONS_FILTER = 'downstream_cx_active$';
export const ACTIVE_REQUESTS_FILTER = 'downstream_rq_active$';

/** The statistics could not be had; not a number of connections. */
export const NO_STATISTICS = -1;

/** Is told of a line that cannot be read and is left out. */
export type SkippedLine = (line: string) => void;

/** Statistics prefixes of Envoy's admin port, and of what the bootstrap lets probe and scrape through. */
const PROBE_PREFIXES = ['admin', 'agent', 'stats', 'secure_stats', 'secure_merged_stats'];

/**
 * Open connections of the listeners that carry traffic.
 *
 * @param body text answer of the stats endpoint
 * @param ignoredPorts listeners on all addresses with these ports serve probes and scrapes; 0 counts as not set
 * @returns `NO_STATISTICS` when the answer is empty
 */
export function activeConnections(
  body: string,
  ignoredPorts: readonly number[],
  skipped?: SkippedLine,
): number {
  const ignored = new Set(ignoredPorts.filter((port) => port !== 0).flatMap(listenersOf));
  return sumOf(body, (name) => carriesTraffic(name) && !ignored.has(name), skipped);
}

/**
 * Open requests, in both directions, without probes and scrapes.
 *
 * @param body text answer of the stats endpoint
 * @returns `NO_STATISTICS` when the answer is empty
 */
export function activeRequests(body: string, skipped?: SkippedLine): number {
  const ignored = new Set(PROBE_PREFIXES.map((prefix) => `http.${prefix}.downstream_rq_active`));
  return sumOf(body, (name) => name.startsWith('http.') && !ignored.has(name), skipped);
}

function sumOf(
  body: string,
  counts: (name: string) => boolean,
  skipped: SkippedLine = () => undefined,
): number {
  const lines = body.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) return NO_STATISTICS;
  let sum = 0;
  for (const line of lines) {
    const parts = line.split(':').map((part) => part.trim());
    const [name = '', value = ''] = parts;
    if (parts.length === 2 && !counts(name)) continue;
    if (parts.length === 2 && /^\d+$/.test(value)) sum += Number(value);
    else skipped(line);
  }
  return sum;
}

function carriesTraffic(name: string): boolean {
  if (!name.startsWith('listener.') || name.startsWith('listener.envoy_internal_')) return false;
  return !name.includes('worker_') && !name.startsWith('listener.admin.');
}

/** Envoy writes the colons of `[::]` as underscores. */
function listenersOf(port: number): string[] {
  return ['0.0.0.0', '[__]'].map((host) => `listener.${host}_${port}.downstream_cx_active`);
}
