// Takes V8's own profiles of this process. Both kinds sample: a CPU profile where time goes, a heap profile where memory
// that is still in use was asked for. Neither holds a value, so no secret; a heap snapshot would hold every string and
// key, and there is none here.

import type { Session } from 'node:inspector';

import type { Clock } from '../../runtime/clock.ts';
import { SECOND_MS } from '../../runtime/duration.ts';
import { AgentError } from '../../runtime/errors.ts';

export type ProfileKind = 'cpu' | 'heap';

/** Only one profile is taken at a time. */
export class ProfilerBusyError extends AgentError {}

/** As often as Go's profiler, so that what is looked at is not what the looking costs; microseconds. */
const CPU_INTERVAL_US = 10_000;
/** Bytes asked for between two samples, on average. */
const HEAP_INTERVAL_BYTES = 128 * 1024;

const METHODS = {
  cpu: { enable: 'Profiler.enable', start: 'Profiler.start', stop: 'Profiler.stop' },
  heap: {
    enable: 'HeapProfiler.enable',
    start: 'HeapProfiler.startSampling',
    stop: 'HeapProfiler.stopSampling',
  },
} as const;

export class Profiler {
  readonly #clock: Pick<Clock, 'sleep'>;
  #isBusy = false;

  constructor(clock: Pick<Clock, 'sleep'>) {
    this.#clock = clock;
  }

  /**
   * Looks on for so long.
   *
   * @returns JSON as `.cpuprofile` and `.heapprofile` files have it
   * @throws ProfilerBusyError; the signal's reason when it aborts: then nothing goes on looking
   */
  async take(kind: ProfileKind, seconds: number, signal: AbortSignal): Promise<string> {
    if (this.#isBusy)
      throw new ProfilerBusyError('another profile is being taken; ask again when it has ended');
    this.#isBusy = true;
    try {
      return await this.#take(kind, seconds, signal);
    } finally {
      this.#isBusy = false;
    }
  }

  async #take(kind: ProfileKind, seconds: number, signal: AbortSignal): Promise<string> {
    const { Session } = process.getBuiltinModule('node:inspector');
    const session = new Session();
    session.connect();
    try {
      const { enable, start, stop } = METHODS[kind];
      await post(session, enable);
      if (kind === 'cpu') await post(session, 'Profiler.setSamplingInterval', { interval: CPU_INTERVAL_US });
      await post(session, start, kind === 'heap' ? { samplingInterval: HEAP_INTERVAL_BYTES } : {});
      await this.#clock.sleep(seconds * SECOND_MS, signal);
      return JSON.stringify((await post(session, stop)).profile);
    } finally {
      session.disconnect(); // ends what it has started, too
    }
  }
}

async function post(
  session: Session,
  method: string,
  parameters: object = {},
): Promise<{ profile?: unknown }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ profile?: unknown }>();
  session.post(method, parameters, (error, result) => {
    if (error === null) resolve(result ?? {});
    else reject(new AgentError(`${method} failed: ${error.message}`, { cause: error }));
  });
  return promise;
}
