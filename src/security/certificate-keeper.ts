// Keeps one valid workload certificate at hand: the first one, its replacement in time, and what happens while
// the CA does not answer. A new certificate is signed before the old one is let go, and the old one is handed out
// until its last second. Nothing here ends the agent. Who is told is secret-manager.ts.

import type { Clock } from '../runtime/clock.ts';
import { formatDuration, MINUTE_MS } from '../runtime/duration.ts';
import { messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { abortable, aborted } from '../runtime/tasks.ts';
import type { WorkloadCertificate } from './ca/workload-certificate.ts';
import { DueTime } from './due-time.ts';
import { RenewalFaults, type Fallback } from './renewal-faults.ts';
import { renewAtMs, type RotationSettings } from './rotation.ts';
import { WakeUp } from './wake-up.ts';

export interface KeeperDeps {
  /** Makes a new certificate; each call a new key. */
  readonly obtain: (signal: AbortSignal) => Promise<WorkloadCertificate>;
  /** Called after every replacement and after the first certificate, which has no predecessor. */
  readonly onNew: (next: WorkloadCertificate, previous: WorkloadCertificate | undefined) => void;
  /** Asked before every signing that is due; false: nobody uses a certificate of the CA now. Never rejects. */
  readonly isNeeded: (signal: AbortSignal) => Promise<boolean>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
}

/** Signings that were to replace a certificate. */
export interface RotationCounts {
  readonly success: number;
  readonly failure: number;
}

/** Longest sleep before the clocks are looked at again: neither a suspended machine nor a jump oversleeps. */
const LONGEST_SLEEP_MS = MINUTE_MS;
/** A certificate that begins later than this is not handed out while there is another. */
const CLOCK_SKEW_MS = 2 * MINUTE_MS;

export class CertificateKeeper implements AsyncDisposable {
  readonly #settings: RotationSettings;
  readonly #deps: KeeperDeps;
  readonly #faults: RenewalFaults;
  readonly #closing = new AbortController();
  /** The one in use. */
  #current: WorkloadCertificate | undefined;
  /** Signed, and not valid yet. */
  #pending: WorkloadCertificate | undefined;
  /** Of the newest. */
  #due: DueTime | undefined;
  #signing: Promise<WorkloadCertificate> | undefined;
  #rotations: RotationCounts = { success: 0, failure: 0 };
  /** Called at every new certificate: sleeps were computed for the old one. */
  readonly #wakeUp = new WakeUp();

  constructor(settings: RotationSettings, deps: KeeperDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#faults = new RenewalFaults(deps);
  }

  /** The certificate to hand out, unless there is none or its time is over. */
  get valid(): WorkloadCertificate | undefined {
    const nowMs = this.#deps.clock.now();
    return [this.#current, this.#pending].find((one) => one !== undefined && nowMs < one.expiresMs);
  }

  /** The certificate in use, expired or not. */
  get current(): WorkloadCertificate | undefined {
    return this.#current;
  }

  /** When the next signing is due, milliseconds since the Unix epoch; undefined before the first certificate. */
  get nextRotationMs(): number | undefined {
    return this.#due && Math.round(this.#deps.clock.now() + this.#due.leftMs); // the jitter has fractions
  }

  /** When the newest certificate was received, milliseconds since the Unix epoch. */
  get lastSuccessMs(): number | undefined {
    return (this.#pending ?? this.#current)?.createdMs;
  }

  get rotations(): RotationCounts {
    return this.#rotations;
  }

  /** Text of the last failure; undefined once a certificate was obtained after it. */
  get lastError(): string | undefined {
    return this.#faults.lastError;
  }

  /** A signing is under way. */
  get isSigning(): boolean {
    return this.#signing !== undefined;
  }

  /** Signs a new certificate now. A call during a running signing joins it. Rejects with the CA's failure. */
  renew(): Promise<WorkloadCertificate> {
    const signing = (this.#signing ??= this.#sign().finally(() => {
      this.#signing = undefined;
    }));
    signing.catch(() => undefined); // whoever waits gets the failure; nobody may be waiting
    return signing;
  }

  /** Keeps the certificate valid for as long as the task runs. */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      await this.#untilDue(signal);
      if (this.#pending !== undefined) {
        this.#use(this.#pending);
        continue;
      }
      if (!(await this.#deps.isNeeded(signal))) {
        await this.#wakeUp.unlessCalled(aborted, signal); // until somebody was given one all the same
        continue;
      }
      try {
        await abortable(this.renew(), signal);
      } catch (error) {
        signal.throwIfAborted();
        this.#faults.tell(messageOf(error), this.#fallback);
        const waitMs = this.#faults.nextWaitMs(this.#fallback);
        await this.#wakeUp.unlessCalled((within) => this.#deps.clock.sleep(waitMs, within), signal);
      }
    }
  }

  /** Ends a running signing. May be called twice. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the secret manager is closed'));
    await this.#signing?.catch(() => undefined); // it was told to end
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #sign(): Promise<WorkloadCertificate> {
    const { obtain, clock } = this.#deps;
    const startMs = clock.monotonicMs();
    const isRotation = this.#current !== undefined;
    try {
      const next = await obtain(this.#closing.signal);
      if (isRotation) this.#rotations = { ...this.#rotations, success: this.#rotations.success + 1 };
      this.#accept(next, clock.monotonicMs() - startMs);
      return next;
    } catch (error) {
      if (isRotation) this.#rotations = { ...this.#rotations, failure: this.#rotations.failure + 1 };
      this.#faults.failed(messageOf(error));
      throw error;
    }
  }

  #accept(next: WorkloadCertificate, latencyMs: number): void {
    const { log, random, clock } = this.#deps;
    // A clock that was set back makes a certificate look early that peers take, and the old one look young.
    const soonestMs = clock.now() + (this.#due?.setBackMs ?? 0) + CLOCK_SKEW_MS;
    this.#due = new DueTime(renewAtMs(next, this.#settings, random), clock);
    this.#faults.over();
    log.info('generated new workload certificate', {
      resourceName: 'default',
      latency: formatDuration(Math.round(latencyMs)),
      ttl: formatDuration(next.expiresMs - next.createdMs),
    });
    const isEarly = next.notBeforeMs > soonestMs;
    if (isEarly && this.valid !== undefined) this.#pending = next;
    else this.#use(next);
    this.#wakeUp.call();
  }

  #use(next: WorkloadCertificate): void {
    const previous = this.#current;
    this.#pending = undefined;
    this.#current = next;
    this.#deps.onNew(next, previous);
  }

  async #untilDue(signal: AbortSignal): Promise<void> {
    const { clock } = this.#deps;
    while (this.#leftMs() > 0) {
      await this.#wakeUp.unlessCalled(async (within) => {
        for (let leftMs = this.#leftMs(); leftMs > 0; leftMs = this.#leftMs()) {
          await clock.sleep(Math.min(leftMs, LONGEST_SLEEP_MS), within);
        }
      }, signal);
    }
  }

  /** Until the certificate that waits is to be used, or until the next signing. */
  #leftMs(): number {
    const [current, pending] = [this.#current, this.#pending];
    if (current === undefined || pending === undefined) return this.#due?.leftMs ?? 0;
    return Math.min(pending.notBeforeMs, current.expiresMs) - this.#deps.clock.now();
  }

  get #fallback(): Fallback {
    const life = this.valid;
    if (life !== undefined) return { kind: 'valid', life };
    return { kind: this.#current === undefined ? 'none' : 'expired' };
  }
}
