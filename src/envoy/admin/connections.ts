// Counting the connections an Envoy still serves, for an end that waits until there are none.
// Upstream: istio 1.31 pkg/envoy/agent.go activeProxyConnections.

/** The statistics to ask for. */
export const ACTIVE_CONNECTIONS_FILTER = 'downstream_cx_active$';

/** The statistics could not be had; not a number of connections. */
export const NO_STATISTICS = -1;

/**
 * Sum over the listeners that carry traffic.
 *
 * @param body text answer of the stats endpoint
 * @param ignoredPorts listeners on all addresses with these ports serve probes and scrapes; 0 counts as not set
 * @returns `NO_STATISTICS` when the answer is empty
 */
export function activeConnections(body: string, ignoredPorts: readonly number[]): number {
  const lines = body.split('\n').filter((line) => line.trim() !== '');
  if (lines.length === 0) return NO_STATISTICS;
  const ignored = new Set(ignoredPorts.filter((port) => port !== 0).flatMap(listenersOf));
  let sum = 0;
  for (const line of lines) {
    const [name = '', value = '', ...more] = line.split(':');
    if (more.length > 0 || !/^\d+$/.test(value.trim())) continue; // a histogram, or nothing we know
    if (isTraffic(name.trim()) && !ignored.has(name.trim())) sum += Number(value.trim());
  }
  return sum;
}

function isTraffic(name: string): boolean {
  if (!name.startsWith('listener.') || name.startsWith('listener.envoy_internal_')) return false;
  return !name.includes('worker_') && !name.startsWith('listener.admin.');
}

/** Envoy writes the colons of `[::]` as underscores. */
function listenersOf(port: number): string[] {
  return ['0.0.0.0', '[__]'].map((host) => `listener.${host}_${port}.downstream_cx_active`);
}
