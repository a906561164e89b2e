// Ends one container: its preStop hook, its turn, the signal that asks, the one that does not, all within one grace
// period.

import type { Clock } from '../../../../../src/runtime/clock.ts';

/** Every container has at least this long after the signal, however long its hook took. */
const LEAST_GRACE_SECONDS = 2;

export interface Stoppable {
  /** Undefined: it has no preStop hook. Never rejects. */
  readonly preStop: ((signal: AbortSignal) => Promise<void>) | undefined;
  readonly stopSignal: string;
  readonly signal: (name: string) => Promise<void>;
  readonly ended: Promise<unknown>;
}

export interface StopReport {
  readonly ranHook: boolean;
  /** It did not end by itself within its grace period. */
  readonly wasKilled: boolean;
}

/**
 * Resolves when the container has ended.
 *
 * @param graceSeconds time counts in whole seconds, rounded down, as Kubernetes counts it
 * @param turn resolves when others that must end before have ended; undefined: there are none
 * @see Kubernetes' pkg/kubelet/kuberuntime/kuberuntime_container.go killContainer
 */
export async function stopContainer(
  container: Stoppable,
  graceSeconds: number,
  clock: Clock,
  turn?: Promise<unknown>,
): Promise<StopReport> {
  const { preStop, stopSignal, signal, ended } = container;
  let leftSeconds = graceSeconds;
  const ranHook = preStop !== undefined && leftSeconds > 0;
  if (ranHook) leftSeconds -= await withinSeconds((limit) => preStop(limit), leftSeconds, clock);
  if (turn !== undefined && leftSeconds > 0)
    leftSeconds -= await withinSeconds(() => turn, leftSeconds, clock);
  await signal(stopSignal);
  const hasEnded = await endsWithin(ended, Math.max(leftSeconds, LEAST_GRACE_SECONDS) * 1000, clock);
  if (!hasEnded) await signal('SIGKILL');
  await ended;
  return { ranHook, wasKilled: !hasEnded };
}

/** @returns whole seconds that went by until `work` was done or its time was over */
async function withinSeconds(
  work: (limit: AbortSignal) => Promise<unknown>,
  seconds: number,
  clock: Clock,
): Promise<number> {
  const startMs = clock.monotonicMs();
  const limit = new AbortController();
  const done = work(limit.signal);
  await endsWithin(done, seconds * 1000, clock);
  limit.abort(new Error(`not done within ${seconds} s`));
  return Math.floor((clock.monotonicMs() - startMs) / 1000);
}

async function endsWithin(work: Promise<unknown>, ms: number, clock: Clock): Promise<boolean> {
  const timer = new AbortController();
  const over = clock.sleep(ms, timer.signal).then(
    () => false,
    () => false, // the work was done before
  );
  const done = await Promise.race([work.then(() => true), over]);
  timer.abort();
  return done;
}
