// A distribution that a part of the agent feeds, kept as plain numbers.

import type { HistogramMetric, Labels } from '../status/metrics/metric.ts';

interface Kept {
  readonly labels: Labels;
  readonly counts: number[];
  sum: number;
}

export interface HistogramSettings {
  readonly name: string;
  readonly help: string;
  /** Upper bounds of the buckets, ascending. */
  readonly bounds: readonly number[];
}

export class Histogram {
  readonly #settings: HistogramSettings;
  /** By the labels as text; the series without labels by none. */
  readonly #series = new Map<string, Kept>();

  constructor(settings: HistogramSettings) {
    this.#settings = settings;
  }

  /** Shows the series without labels before its first value. */
  fromTheBeginning(): this {
    this.#of();
    return this;
  }

  /** @param labels of few values: every combination is kept for ever */
  observe(value: number, labels?: Labels): void {
    const kept = this.#of(labels);
    const { bounds } = this.#settings;
    const bucket = bounds.findIndex((bound) => value <= bound);
    const index = bucket < 0 ? bounds.length : bucket;
    kept.counts[index] = (kept.counts[index] ?? 0) + 1;
    kept.sum += value;
  }

  metric(): HistogramMetric {
    return { ...this.#settings, type: 'histogram', series: [...this.#series.values()] };
  }

  #of(labels?: Labels): Kept {
    const key = labels === undefined ? '' : JSON.stringify(labels); // most have none, and are observed for every query
    const known = this.#series.get(key);
    if (known !== undefined) return known;
    const counts = Array.from({ length: this.#settings.bounds.length + 1 }, () => 0);
    const kept = { labels: labels ?? {}, counts, sum: 0 };
    this.#series.set(key, kept);
    return kept;
  }
}
