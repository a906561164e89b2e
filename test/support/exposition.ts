// A strict reader of metrics as text 0.0.4: what a scraper would refuse or mix up it does not take.

import { deepEqual, equal, fail, ok } from 'node:assert/strict';

/** One metric of the text. */
export interface Family {
  readonly type: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly name: string;
  /** Values as they are written, escaped. */
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const HELP = /^# HELP ([a-zA-Z_:][a-zA-Z0-9_:]*) (?:[^\\]|\\[\\n])+$/;
const TYPE = /^# TYPE ([a-zA-Z_:][a-zA-Z0-9_:]*) (counter|gauge|histogram|summary)$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? ([-+]?(?:inf|\d+(?:\.\d+)?(?:e[-+]?\d+)?)|nan)$/i; // as Go reads numbers
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\[\\n"])*)"(?:,(?=.)|$)/;

/** What the names of samples end in, by the type of their metric. */
const ENDINGS: Readonly<Record<string, readonly string[]>> = {
  counter: [''],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
};

/** @throws AssertionError that quotes the first line that is wrong */
export function readExposition(text: string): ReadonlyMap<string, Family> {
  ok(text.endsWith('\n'), 'ends with a newline');
  const families = new Map<string, Family>();
  for (const block of text.split(/^(?=# HELP )/m)) {
    const [help = '', typeLine = '', ...lines] = block.split('\n').filter((line) => line !== '');
    const [, name = ''] = HELP.exec(help) ?? fail(`no HELP: ${help}`);
    const [, typed = '', type = ''] = TYPE.exec(typeLine) ?? fail(`no TYPE: ${typeLine}`);
    equal(typed, name, typeLine);
    ok(!families.has(name), `${name} comes twice`);
    const samples = lines.map((line) =>
      readSample(
        line,
        (ENDINGS[type] ?? []).map((end) => name + end),
      ),
    );
    equal(new Set(samples.map(seriesOf)).size, samples.length, `${name} has a series twice`);
    if (type === 'histogram') checkHistogram(name, samples);
    families.set(name, { type, samples });
  }
  return families;
}

function readSample(line: string, names: readonly string[]): Sample {
  const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? fail(`no sample: ${line}`);
  ok(names.includes(name), `of another metric: ${line}`);
  return { name, labels: readLabels(labels), value: numberOf(value) };
}

function readLabels(text: string): Readonly<Record<string, string>> {
  const labels = new Map<string, string>();
  for (let rest = text; rest !== '';) {
    const [all, name = '', value = ''] = LABEL.exec(rest) ?? fail(`no label: ${rest}`);
    ok(!labels.has(name), `${name} comes twice: ${text}`);
    labels.set(name, value);
    rest = rest.slice(all.length);
  }
  return Object.fromEntries(labels);
}

function numberOf(text: string): number {
  return Number(text.replace(/inf/i, 'Infinity'));
}

/** For each set of labels: buckets that ascend in bound and count up to the one without a bound, a sum and a count. */
function checkHistogram(name: string, samples: readonly Sample[]): void {
  const groups = Object.groupBy(samples, ({ labels: { le: _le, ...own } }) =>
    seriesOf({ name, labels: own }),
  );
  for (const [series, group = []] of Object.entries(groups)) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) =>
      numberOf(labels['le'] ?? fail(`${series} has a bucket without le`)),
    );
    const counts = buckets.map(({ value }) => value);
    deepEqual(
      bounds,
      [...new Set(bounds)].toSorted((a, b) => a - b),
      `${series}: bounds ascend`,
    );
    deepEqual(
      counts,
      counts.toSorted((a, b) => a - b),
      `${series}: counts ascend`,
    );
    equal(bounds.at(-1), Infinity, `${series} ends with all`);
    deepEqual(
      group.slice(buckets.length).map((sample) => [sample.name, 'le' in sample.labels]),
      [
        [`${name}_sum`, false],
        [`${name}_count`, false],
      ],
      series,
    );
    equal(group.at(-1)?.value, counts.at(-1), `${series} counts what is in its buckets`);
  }
}

function seriesOf({ name, labels }: Pick<Sample, 'name' | 'labels'>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return `${name}{${pairs.toSorted().join()}}`;
}
