// The agent's own metrics as text 0.0.4. Every part keeps plain numbers and hands them over when a scrape asks;
// only this file knows prom-client, and loads it with the first scrape.

import type * as promClient from 'prom-client';
import type { Counter, Gauge, Registry } from 'prom-client';

import { histogramText } from './histogram-text.ts';

export type Metric = NumberMetric | HistogramMetric;

interface MetricName {
  /** Without the prefix `istio_agent_`; nothing is appended. */
  readonly name: string;
  readonly help: string;
}

export interface NumberMetric extends MetricName {
  /** A counter's value only grows. */
  readonly type: 'counter' | 'gauge';
  /** One entry per series; a metric without entries is left out. */
  readonly series: readonly Series[];
}

export interface HistogramMetric extends MetricName {
  readonly type: 'histogram';
  /** Upper bounds of the buckets, ascending; a last one without a bound is understood. */
  readonly bounds: readonly number[];
  readonly series: readonly Distribution[];
}

export interface Series {
  readonly labels?: Labels;
  readonly value: number;
}

export interface Distribution {
  readonly labels?: Labels;
  /** How many values fell into each bucket and no lower one; one more than there are bounds. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export type Labels = Readonly<Record<string, string>>;

const PREFIX = 'istio_agent_';

export class AgentMetrics {
  readonly #collect: () => readonly Metric[];
  readonly #known = new Map<string, Counter | Gauge>();
  #registry: Registry | undefined;

  /** @param collect every metric of the agent, read anew at each scrape */
  constructor(collect: () => readonly Metric[]) {
    this.#collect = collect;
  }

  /** The exposition, with the process' own figures. */
  async render(): Promise<string> {
    const library = await import('prom-client');
    const registry = (this.#registry ??= newRegistry(library));
    const metrics = this.#collect().filter(({ series }) => series.length > 0);
    for (const metric of metrics) if (metric.type !== 'histogram') this.#update(library, registry, metric);
    const histograms = metrics.filter((metric) => metric.type === 'histogram');
    return [await registry.metrics(), ...histograms.map((metric) => histogramText(PREFIX, metric))].join(
      '\n',
    );
  }

  #update(library: PromClient, registry: Registry, metric: NumberMetric): void {
    let known = this.#known.get(metric.name);
    if (known === undefined) {
      const labelNames = Object.keys(metric.series[0]?.labels ?? {});
      const options = { name: PREFIX + metric.name, help: metric.help, labelNames, registers: [registry] };
      known = metric.type === 'counter' ? new library.Counter(options) : new library.Gauge(options);
      this.#known.set(metric.name, known);
    }
    known.reset();
    for (const { labels = {}, value } of metric.series) known.inc({ ...labels }, value);
  }
}

type PromClient = typeof promClient;

function newRegistry(library: PromClient): Registry {
  const register = new library.Registry();
  library.collectDefaultMetrics({ register, prefix: PREFIX });
  return register;
}
