// What the log says about readiness. Only requests of `/healthz/ready` count as probes; who asks for the reasons
// (`?verbose`, `/debug/readyz`) changes nothing here.

import { formatDuration } from '../../runtime/duration.ts';
import type { Log } from '../../runtime/log.ts';
import type { ReadinessReport } from './readiness.ts';
import { missingExtensions, missingExtensionText } from './readiness-report.ts';

export class ReadinessLog {
  readonly #log: Log;
  readonly #ageMs: () => number;
  #wasReady = false;
  #startupMs: number | undefined;
  readonly #namedExtensions = new Set<string>();

  /** @param ageMs milliseconds since the process started */
  constructor(log: Log, ageMs: () => number) {
    this.#log = log;
    this.#ageMs = ageMs;
  }

  /** Age of the process at the first successful probe, milliseconds; undefined before. */
  get startupMs(): number | undefined {
    return this.#startupMs;
  }

  probed(report: ReadinessReport): void {
    if (report.reason === undefined) this.#ready();
    else this.#notReady(report, report.reason);
    this.#wasReady = report.reason === undefined;
  }

  #ready(): void {
    if (this.#startupMs === undefined) {
      this.#startupMs = this.#ageMs();
      this.#log.info(`Readiness succeeded in ${formatDuration(this.#startupMs)}`);
    }
    if (!this.#wasReady) this.#log.info('Envoy proxy is ready');
  }

  #notReady(report: ReadinessReport, reason: string): void {
    this.#log.warn(`Envoy proxy is NOT ready: ${reason}`);
    const words = report.checks.flatMap((check) => check.rejections ?? []);
    for (const extension of missingExtensions(words)) {
      if (this.#namedExtensions.has(extension)) continue;
      this.#namedExtensions.add(extension);
      this.#log.error(missingExtensionText(extension));
    }
  }
}
