// HTTP/2 sessions that are used again: one for each port, for as long as an idle one answers pings.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/server.go setTransportDefaults.

import type { ClientHttp2Session } from 'node:http2';

import type { Clock } from '../../runtime/clock.ts';
import { abortable } from '../../runtime/tasks.ts';
import { withTimeLimit } from '../../runtime/time-limit.ts';

/** How long a session is not used before it has to answer a ping. */
const IDLE_MS = 30_000;

/** How long that answer may take. */
const PING_TIMEOUT_MS = 15_000;

interface Kept {
  readonly session: ClientHttp2Session;
  usedMs: number;
}

export class KeptSessions {
  readonly #clock: Pick<Clock, 'sleep' | 'monotonicMs'>;
  readonly #byPort = new Map<string, Kept>();

  constructor(clock: Pick<Clock, 'sleep' | 'monotonicMs'>) {
    this.#clock = clock;
  }

  /** One that takes further requests, or undefined. */
  get(port: string): ClientHttp2Session | undefined {
    const kept = this.#byPort.get(port);
    if (kept === undefined || kept.session.closed || kept.session.destroyed) return undefined;
    kept.usedMs = this.#clock.monotonicMs();
    return kept.session;
  }

  /** @returns false when there is one already; the caller closes his */
  keep(port: string, session: ClientHttp2Session): boolean {
    if (this.get(port) !== undefined) return false;
    const kept = { session, usedMs: this.#clock.monotonicMs() };
    this.#byPort.set(port, kept);
    const over = new AbortController();
    session.once('close', () => {
      over.abort();
      if (this.#byPort.get(port) === kept) this.#byPort.delete(port);
    });
    void this.#pingWhenIdle(kept, over.signal);
    return true;
  }

  close(): void {
    for (const { session } of this.#byPort.values()) session.destroy();
  }

  async #pingWhenIdle(kept: Kept, over: AbortSignal): Promise<void> {
    const late = 'no answer to a ping';
    try {
      for (;;) {
        const idleMs = this.#clock.monotonicMs() - kept.usedMs;
        if (idleMs < IDLE_MS) {
          await this.#clock.sleep(IDLE_MS - idleMs, over);
          continue;
        }
        const limit = { clock: this.#clock, ms: PING_TIMEOUT_MS, late };
        await withTimeLimit(limit, over, (signal) => pinged(kept.session, signal));
        kept.usedMs = this.#clock.monotonicMs();
      }
    } catch {
      kept.session.destroy(); // silent or closed: the next probe opens another one
    }
  }
}

async function pinged(session: ClientHttp2Session, signal: AbortSignal): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  session.ping((error) => (error === null ? resolve() : reject(error)));
  await abortable(promise, signal);
}
