// Many agents whose control plane goes away for a while, each with the backoff of its Envoy in front: when do they
// come back? Every agent has a time line of its own, for nothing joins them but the moment of the loss.

import { SECOND_MS } from '../../src/runtime/duration.ts';
import type { HerdDelay } from '../../src/xds-proxy/herd-delay.ts';

export type Outage =
  /** Connects are refused at once: the host is there, the process is not. */
  | 'refused'
  /** Nobody answers: the kernel repeats its SYN, and an attempt is given up after 20 s. */
  | 'silent';

export interface Herd {
  readonly agents: number;
  readonly awayMs: number;
  readonly outage: Outage;
  /** Of one agent. */
  readonly delay: () => Pick<HerdDelay, 'nextMs' | 'streamEnded'>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Of Envoy's ADS stream. @see envoy JitteredExponentialBackOffStrategy */
const [FIRST_BACKOFF_MS, LONGEST_BACKOFF_MS] = [500, 30 * SECOND_MS];

const CONNECT_DEADLINE_MS = 20 * SECOND_MS;

/** When Linux sends a SYN again, after the first one. */
const SYN_REPEATS_MS = [1, 3, 7, 15].map((seconds) => seconds * SECOND_MS);

/** @returns the largest share of all agents that reaches the control plane within one second, 0 to 1 */
export function worstSecond(herd: Herd): number {
  const arrivals = Array.from({ length: herd.agents }, () => arrivalMs(herd)).toSorted((a, b) => a - b);
  let [first, worst] = [0, 0];
  for (const [last, atMs] of arrivals.entries()) {
    while (atMs - (arrivals[first] ?? 0) >= SECOND_MS) first += 1;
    worst = Math.max(worst, last - first + 1);
  }
  return worst / herd.agents;
}

/** When one agent reaches the control plane, counted from the loss of its long-lived stream. */
function arrivalMs({ awayMs, outage, delay, random }: Herd): number {
  const herdDelay = delay();
  herdDelay.streamEnded({ livedMs: LONGEST_BACKOFF_MS, failed: true });
  let backoffMs = FIRST_BACKOFF_MS;
  for (let atMs = 0; ; herdDelay.streamEnded({ livedMs: 0, failed: true })) {
    atMs += random() * backoffMs + herdDelay.nextMs();
    backoffMs = backoffMs < LONGEST_BACKOFF_MS / 2 ? backoffMs * 2 : LONGEST_BACKOFF_MS;
    if (atMs >= awayMs) return atMs;
    if (outage === 'refused') continue;
    const heard = SYN_REPEATS_MS.map((repeatMs) => atMs + repeatMs).find((synMs) => synMs >= awayMs);
    if (heard !== undefined) return heard;
    atMs += CONNECT_DEADLINE_MS;
  }
}
