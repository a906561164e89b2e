// The agent's own metrics as its parts hand them over: plain numbers, read anew at each scrape.

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

/** A number is the value of the only series; undefined: there is none yet. */
type Values = number | undefined | readonly Series[];

export function counter(name: string, help: string, values: Values): NumberMetric {
  return { name, help, type: 'counter', series: seriesOf(values) };
}

export function gauge(name: string, help: string, values: Values): NumberMetric {
  return { name, help, type: 'gauge', series: seriesOf(values) };
}

function seriesOf(values: Values): readonly Series[] {
  if (values === undefined) return [];
  return typeof values === 'number' ? [{ value: values }] : values;
}
