// Keeps one valid workload certificate at hand: the first one, its replacement in time, and what happens while
// the CA does not answer. A new certificate is signed before the old one is let go, and the old one is handed out
// until its last second. Nothing here ends the agent. Who is told is secret-manager.ts.

import type { Clock } from '../runtime/clock.ts';
import { formatDuration, MINUTE_MS } from '../runtime/duration.ts';
import { messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { abortable } from '../runtime/tasks.ts';
import { CauseLog } from '../runtime/cause-log.ts';
import type { CsrMeter } from './ca/csr-meter.ts';
import { retryWaitMs, rotateAtMs, type RotationSettings } from './rotation.ts';
import type { WorkloadCertificate } from './ca/workload-certificate.ts';

export interface KeeperDeps {
  /** Makes a new certificate; each call a new key. */
  readonly obtain: (signal: AbortSignal) => Promise<WorkloadCertificate>;
  /** Called after every replacement and after the first certificate, which has no predecessor. */
  readonly onNew: (next: WorkloadCertificate, previous: WorkloadCertificate | undefined) => void;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly meter: CsrMeter;
}

/** Longest sleep before the wall clock is looked at again: a suspended machine does not oversleep a rotation. */
const LONGEST_SLEEP_MS = MINUTE_MS;

export class CertificateKeeper implements AsyncDisposable {
  readonly #settings: RotationSettings;
  readonly #deps: KeeperDeps;
  readonly #faults: CauseLog;
  readonly #closing = new AbortController();
  #current: WorkloadCertificate | undefined;
  #dueMs = 0;
  #signing: Promise<WorkloadCertificate> | undefined;
  #lastError: string | undefined;
  #failures = 0;
  #expiryToldMs = Number.NEGATIVE_INFINITY;
  /** Aborted and replaced at every new certificate: sleeps were computed for the old one. */
  #wake = new AbortController();

  constructor(settings: RotationSettings, deps: KeeperDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#faults = new CauseLog(deps.log);
  }

  /** The certificate, unless there is none or its time is over. */
  get valid(): WorkloadCertificate | undefined {
    const current = this.#current;
    return current !== undefined && this.#deps.clock.now() < current.expiresMs ? current : undefined;
  }

  /** The newest certificate, expired or not. */
  get latest(): WorkloadCertificate | undefined {
    return this.#current;
  }

  /** When it is to be replaced, milliseconds since the Unix epoch; undefined before the first one. */
  get nextRotationMs(): number | undefined {
    return this.#current && this.#dueMs;
  }

  /** Text of the last failure; undefined once a certificate was obtained after it. */
  get lastError(): string | undefined {
    return this.#lastError;
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
      await this.#untilDue(signal);
      try {
        await abortable(this.renew(), signal);
      } catch (error) {
        signal.throwIfAborted();
        this.#tell(messageOf(error));
        await this.#sleep(this.#retryWaitMs(), signal);
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
    const { obtain, clock, meter } = this.#deps;
    const startMs = clock.monotonicMs();
    meter.started();
    try {
      const next = await obtain(this.#closing.signal);
      this.#accept(next, clock.monotonicMs() - startMs);
      return next;
    } catch (error) {
      meter.failed();
      this.#lastError = messageOf(error);
      throw error;
    } finally {
      meter.ended(clock.monotonicMs() - startMs);
    }
  }

  #accept(next: WorkloadCertificate, latencyMs: number): void {
    const { log, random, onNew } = this.#deps;
    const previous = this.#current;
    this.#current = next;
    this.#dueMs = rotateAtMs(next, this.#settings, random);
    this.#lastError = undefined;
    this.#failures = 0;
    this.#faults.clear();
    log.info('generated new workload certificate', {
      resourceName: 'default',
      latency: formatDuration(Math.round(latencyMs)),
      ttl: formatDuration(next.expiresMs - next.createdMs),
    });
    this.#wake.abort();
    this.#wake = new AbortController();
    onNew(next, previous);
  }

  async #untilDue(signal: AbortSignal): Promise<void> {
    for (;;) {
      signal.throwIfAborted();
      const leftMs = this.#dueMs - this.#deps.clock.now();
      if (leftMs <= 0) return;
      await this.#sleep(Math.min(leftMs, LONGEST_SLEEP_MS), signal);
    }
  }

  #retryWaitMs(): number {
    const { clock, random } = this.#deps;
    this.#failures++;
    return retryWaitMs(this.#failures, this.valid, clock.now(), random);
  }

  /** Ends early, without error, when there is a new certificate. */
  async #sleep(ms: number, signal: AbortSignal): Promise<void> {
    const wake = this.#wake.signal;
    try {
      await this.#deps.clock.sleep(ms, AbortSignal.any([signal, wake]));
    } catch (error) {
      signal.throwIfAborted();
      if (!wake.aborted) throw error;
    }
  }

  #tell(cause: string): void {
    const { log, clock } = this.#deps;
    if (this.#current === undefined) {
      return this.#faults.warn(
        `failed to warm certificate: failed to generate workload certificate: ${cause}`,
      );
    }
    if (this.valid !== undefined) return this.#faults.warn(`failed to rotate certificate: ${cause}`);
    if (clock.monotonicMs() - this.#expiryToldMs < MINUTE_MS) return;
    this.#expiryToldMs = clock.monotonicMs();
    log.error(`the workload certificate has expired and cannot be replaced: ${cause}`);
  }
}
