// A metric as text 0.0.4. prom-client does not write these: it wants to be told every event, and we have the sums.

import type { Distribution, Labels, Metric } from './metric.ts';

/** @returns lines that end in a newline each, without an empty one */
export function metricText(prefix: string, metric: Metric): string {
  const name = prefix + metric.name;
  const samples =
    metric.type === 'histogram'
      ? metric.series.flatMap((distribution) => bucketLines(name, metric.bounds, distribution))
      : metric.series.map(({ labels = {}, value }) => `${name}${labelText(labels)} ${value}`);
  return [`# HELP ${name} ${metric.help}`, `# TYPE ${name} ${metric.type}`, ...samples, ''].join('\n');
}

/** In the text every bucket counts the lower ones, too. */
function bucketLines(
  name: string,
  bounds: readonly number[],
  { labels = {}, counts, sum }: Distribution,
): string[] {
  let total = 0;
  const buckets = counts.map((count, index) => {
    total += count;
    const bound = bounds[index];
    return `${name}_bucket${labelText({ le: bound === undefined ? '+Inf' : `${bound}`, ...labels })} ${total}`;
  });
  const own = labelText(labels);
  return [...buckets, `${name}_sum${own} ${sum}`, `${name}_count${own} ${total}`];
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function escaped(value: string): string {
  return value
    .replaceAll('\\', String.raw`\\`)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('"', String.raw`\"`);
}
