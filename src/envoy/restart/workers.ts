// How many worker threads the next Envoy of a hot-restart line gets. A listening socket belongs to a worker: with
// fewer workers, connections that wait at the sockets of those left out are reset.

export type Workers =
  | { readonly ok: true; readonly concurrency: number; readonly warning?: string }
  | { readonly ok: false; readonly why: string };

/**
 * @param configured 0: Envoy decides, by the processors it finds; the running one has decided already
 * @param running of the running Envoy; undefined: it did not tell
 */
export function workersOfNext(configured: number, running: number | undefined): Workers {
  if (running === undefined || configured === running) return { ok: true, concurrency: configured };
  if (configured === 0) return { ok: true, concurrency: running };
  const change = `concurrency is to change from ${running} to ${configured}`;
  if (configured < running) {
    return { ok: false, why: `${change}: waiting connections would be reset; a cold restart is needed` };
  }
  return { ok: true, concurrency: configured, warning: `${change}; it cannot be lowered again` };
}
