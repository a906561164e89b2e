// What has become of the scrapes so far: counted for the page itself, and the last one of each target for whoever
// asks why its metrics are missing.

import type { Clock } from '../../runtime/clock.ts';
import { SECOND_MS } from '../../runtime/duration.ts';
import { counter, gauge, type Metric, type Series } from './metric.ts';
import type { PartType } from './page-filter.ts';
import type { Conflict } from './strict/family.ts';

export interface Target {
  readonly type: 'envoy' | 'application';
  readonly port: number;
  readonly path: string;
}

export interface ScrapeResult {
  /** Undefined: all of its metrics are on the page. */
  readonly error?: string;
  /** How much came, decoded. */
  readonly bytes: number;
  readonly tookMs: number;
}

interface Last extends Partial<ScrapeResult> {
  readonly target: Target;
  readonly up: boolean;
  readonly atMs: number;
}

/** Of the agent's own part, the first one, nothing is left out. */
const CONFLICTING: readonly PartType[] = ['envoy', 'application'];
const CONFLICTS: readonly Conflict[] = ['duplicate', 'broken'];

/** What `/debug/scrapez` shows of one target. */
export interface ScrapeView {
  readonly type: Target['type'];
  readonly port: number;
  readonly path: string;
  readonly up: boolean;
  readonly at: string;
  /** Absent while its first scrape runs. */
  readonly bytes: number | undefined;
  readonly seconds: number | undefined;
  readonly error: string | undefined;
}

export class ScrapeHistory {
  readonly #clock: Pick<Clock, 'now'>;
  /** In the order of the targets, whichever answers first; a target that is there twice has one. */
  readonly #last: Map<string, Last | undefined>;
  readonly #failures = new Map<PartType, number>();
  readonly #conflicts: { readonly type: PartType; readonly reason: Conflict; count: number }[];
  #scrapes = 0;

  /** @param strict whether there can be conflicts */
  constructor(targets: readonly Target[], strict: boolean, clock: Pick<Clock, 'now'>) {
    this.#last = new Map(targets.map((target) => [keyOf(target), undefined]));
    this.#conflicts = (strict ? CONFLICTING : []).flatMap((type) =>
      CONFLICTS.map((reason) => ({ type, reason, count: 0 })),
    );
    this.#clock = clock;
  }

  begun(): void {
    this.#scrapes += 1;
  }

  /** One part is not on the page, or not all of it. */
  failed(type: PartType): void {
    this.#failures.set(type, (this.#failures.get(type) ?? 0) + 1);
  }

  /** A line or a family is left out of a strict page. */
  conflict(type: PartType, reason: Conflict): void {
    const known = this.#conflicts.find((each) => each.type === type && each.reason === reason);
    if (known === undefined) this.#conflicts.push({ type, reason, count: 1 });
    else known.count += 1;
  }

  /** The target's answer has begun. */
  answered(target: Target): void {
    const { bytes, tookMs } = this.#last.get(keyOf(target)) ?? {};
    const before = bytes === undefined || tookMs === undefined ? {} : { bytes, tookMs };
    this.#last.set(keyOf(target), { target, up: true, atMs: this.#clock.now(), ...before });
  }

  ended(target: Target, result: ScrapeResult): void {
    const up = result.error === undefined;
    this.#last.set(keyOf(target), { target, up, atMs: this.#clock.now(), ...result });
  }

  view(): readonly ScrapeView[] {
    return this.#scraped().map(({ target: { type, port, path }, up, atMs, bytes, tookMs, error }) => ({
      type,
      port,
      path,
      up,
      at: new Date(atMs).toISOString(),
      bytes,
      seconds: tookMs === undefined ? undefined : tookMs / SECOND_MS,
      error,
    }));
  }

  metrics(): readonly Metric[] {
    const byTarget = (value: (last: Last) => number | undefined): readonly Series[] =>
      this.#scraped().flatMap((last) => seriesOf(last.target, value(last)));
    return [
      counter('scrapes_total', 'Scrapes answered.', this.#scrapes),
      counter(
        'scrape_failures_total',
        'Parts left out of a scrape.',
        [...this.#failures].map(([type, value]) => ({ labels: { type }, value })),
      ),
      counter(
        'scrape_conflicts_total',
        'Lines and families left out of a strict page.',
        this.#conflicts.map(({ type, reason, count }) => ({ labels: { type, reason }, value: count })),
      ),
      gauge(
        'scrape_target_up',
        '1 while the metrics of a target are part of the page.',
        byTarget(({ up }) => Number(up)),
      ),
      gauge(
        'scrape_target_duration_seconds',
        'How long a target took for the last scrape that is over.',
        byTarget(({ tookMs }) => tookMs && tookMs / SECOND_MS),
      ),
    ];
  }

  #scraped(): readonly Last[] {
    return [...this.#last.values()].filter((last) => last !== undefined);
  }
}

function keyOf({ port, path }: Target): string {
  return `${port} ${path}`;
}

function seriesOf({ port, path }: Target, value: number | undefined): readonly Series[] {
  return value === undefined ? [] : [{ labels: { port: String(port), path }, value }];
}
