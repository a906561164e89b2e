// How long the start took, step by step, until the pod was ready for the first time: for `/debug/startup` and one line
// of the log. The steps of the main line follow each other, so their times add up to the whole. Token and certificate
// are fetched beside it: how long that took is told with its beginning, and is part of no sum.

import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';

/**
 * The main line in its usual order. Each lasts from the end of the one before, whichever that was, to its own end; what
 * does not happen in a pod is left out.
 */
export type StartupStep =
  /** Node itself, and the modules that read the configuration. */
  | 'load'
  | 'configuration'
  /** Those of the agent's parts. */
  | 'modules'
  /** What the agent was given is checked, and its own servers are opened. */
  | 'preparation'
  /** Rendered and written for the first Envoy. */
  | 'bootstrap'
  | 'spawn'
  /** Envoy has accepted its first clusters, and its first listeners. */
  | 'cds'
  | 'lds'
  | 'live'
  /** A check of readiness has passed: it contains the period of whoever asks. */
  | 'ready';

/** Beside the main line. `token`: read for the first time. `csr`: key, request, and the answer of the CA. */
export type StartupErrand = 'token' | 'csr';

export interface StartupPart {
  readonly name: StartupStep;
  readonly ms: number;
}

export interface StartupReport {
  readonly processStart: string;
  readonly ready: boolean;
  /** From the start of the process to ready; before that, to the end of the newest part. */
  readonly totalMs: number;
  readonly parts: readonly StartupPart[];
  readonly beside: readonly {
    readonly name: StartupErrand;
    /** Since the start of the process. */
    readonly startMs: number;
    readonly ms: number;
  }[];
}

export interface StartupTimelineDeps {
  readonly clock: Pick<Clock, 'now' | 'monotonicMs'>;
  readonly log: Log;
  /** Wall time, milliseconds since the Unix epoch. */
  readonly processStartMs: number;
}

interface Span {
  readonly startMs: number;
  endMs?: number;
}

export class StartupTimeline {
  readonly #deps: StartupTimelineDeps;
  /** What the clock that never jumps would have shown at the start of the process. */
  readonly #originMs: number;
  /** When each step ended, in that order; whole milliseconds, so that parts add up exactly. */
  readonly #ends = new Map<StartupStep, number>();
  readonly #errands = new Map<StartupErrand, Span>();

  constructor(deps: StartupTimelineDeps) {
    const { clock, processStartMs } = deps;
    this.#deps = deps;
    this.#originMs = clock.monotonicMs() - (clock.now() - processStartMs);
  }

  /** The step has ended. Only its first end counts, and none after `ready`, which is logged. */
  reached(step: StartupStep): void {
    if (this.#ends.has(step) || this.#ends.has('ready')) return;
    this.#ends.set(step, this.#sinceStartMs());
    if (step === 'ready') this.#deps.log.info(startupLine(this.report()));
  }

  /** Only the first beginning counts: what is tried again began with the first attempt. */
  begun(errand: StartupErrand): void {
    if (!this.#errands.has(errand)) this.#errands.set(errand, { startMs: this.#sinceStartMs() });
  }

  /** Its first success; also after `ready`, for a pod that does not wait for it. */
  done(errand: StartupErrand): void {
    const span = this.#errands.get(errand);
    if (span !== undefined) span.endMs ??= this.#sinceStartMs();
  }

  report(): StartupReport {
    const ends = [...this.#ends];
    const beside = [...this.#errands].flatMap(([name, { startMs, endMs }]) =>
      endMs === undefined ? [] : [{ name, startMs, ms: endMs - startMs }],
    );
    return {
      processStart: new Date(this.#deps.processStartMs).toISOString(),
      ready: this.#ends.has('ready'),
      totalMs: ends.at(-1)?.[1] ?? 0,
      parts: ends.map(([name, endMs], index) => ({ name, ms: endMs - (ends[index - 1]?.[1] ?? 0) })),
      beside,
    };
  }

  #sinceStartMs(): number {
    return Math.round(this.#deps.clock.monotonicMs() - this.#originMs);
  }
}

function startupLine({ totalMs, parts, beside }: StartupReport): string {
  const line = parts.map(({ name, ms }) => `${name} ${ms}`).join(', ');
  const errands = beside.map(({ name, startMs, ms }) => `${name} ${ms} from ${startMs} on`).join(', ');
  return `Ready ${totalMs} ms after the start: ${line}${errands && `; beside these ${errands}`}`;
}
