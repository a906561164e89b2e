// Histograms as text 0.0.4. prom-client counts into its own only what is observed one by one, and takes no counts.

import type { Distribution, HistogramMetric, Labels } from './agent-metrics.ts';

/** @returns lines that end in a newline each, without an empty one */
export function histogramText(prefix: string, { name, help, bounds, series }: HistogramMetric): string {
  const full = prefix + name;
  const lines = series.flatMap((distribution) => seriesLines(full, bounds, distribution));
  return [`# HELP ${full} ${help}`, `# TYPE ${full} histogram`, ...lines, ''].join('\n');
}

/** In the text every bucket counts the lower ones, too. */
function seriesLines(
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
