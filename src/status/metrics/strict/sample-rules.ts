// What a single sample must be, by the type of its family and by the ending of its name, for the parsers of the format
// to take it: for text those of promtool and Prometheus, for OpenMetrics the stricter one of Prometheus' Python client.

import { readNumber } from './numbers.ts';
import type { FamilyType } from './outline.ts';
import type { LabelScanner } from './label-scanner.ts';
import type { SampleScanner } from './sample-scanner.ts';
import { isSeconds } from './timestamps.ts';

/** Where a sample belongs. */
export interface Place {
  readonly type: FamilyType;
  /** The family's name in the header. */
  readonly family: string;
  /** What the sample's name adds to it. */
  readonly ending: string;
}

const COUNTED = new Set(['_bucket', '_count', '_gcount']);
const NOT_NEGATIVE = new Set([...COUNTED, '_total', '_sum']);
const MAX_EXEMPLAR_CHARACTERS = 128;

/** The parser reads bounds while it reads labels. */
export function fitsText({ type }: Place, sample: SampleScanner): boolean {
  if (type !== 'histogram' && type !== 'summary') return true;
  const bound = sample.labels.label(type === 'histogram' ? 'le' : 'quantile');
  return bound === undefined || readNumber(bound.value) !== undefined;
}

export function fitsOpenMetrics(place: Place, sample: SampleScanner): boolean {
  const { ending } = place;
  const { value } = sample;
  if (sample.labels.reserved) return false;
  if ((NOT_NEGATIVE.has(ending) || ending === '_gsum') && Number.isNaN(value)) return false;
  if (NOT_NEGATIVE.has(ending) && value < 0) return false;
  if (COUNTED.has(ending) && !Number.isInteger(value)) return false;
  return fitsType(place, sample);
}

function fitsType({ type, family, ending }: Place, sample: SampleScanner): boolean {
  const { value } = sample;
  switch (type) {
    case 'info':
      return value === 1;
    case 'stateset':
      return (value === 0 || value === 1) && sample.labels.label(family) !== undefined;
    case 'summary':
      return ending !== '' || (!(value < 0) && isQuantile(sample.labels.label('quantile')?.value));
    case 'histogram':
    case 'gaugehistogram':
      return ending !== '_bucket' || boundOf(sample) !== undefined;
    case 'counter':
    case 'gauge':
    case 'unknown':
      return true;
  }
}

/** The bound of a bucket. @returns undefined when there is none, or it is not as OpenMetrics writes it */
export function boundOf(sample: SampleScanner): number | undefined {
  const text = sample.labels.label('le')?.value ?? '';
  const bound = readNumber(text);
  return Number.isNaN(bound) || (bound === Infinity && text !== '+Inf') ? undefined : bound;
}

function isQuantile(text: string | undefined): boolean {
  const quantile = readNumber(text ?? '') ?? NaN;
  return quantile >= 0 && quantile <= 1;
}

/** The label that only tells one sample of a point from the others; undefined: there is none. */
export function labelWithin({ type, family, ending }: Place): string | undefined {
  if (ending === '_bucket') return 'le';
  if (type === 'stateset') return family;
  return type === 'summary' && ending === '' ? 'quantile' : undefined;
}

/** Whether a sample at this place may have an exemplar. */
export function takesExemplar({ type, ending }: Place): boolean {
  return ending === '_bucket' || (type === 'counter' && ending === '_total');
}

/**
 * The exemplar without superfluous blanks; undefined: it is none.
 *
 * @param labels is used to read its labels
 */
export function readExemplar(text: string, labels: LabelScanner): string | undefined {
  const labelsEnd = labels.scan(text, 0, text.length);
  if (labelsEnd === 0 || labels.reserved || labels.length() > MAX_EXEMPLAR_CHARACTERS) return undefined;
  const [value = '', timestamp, ...more] = text
    .slice(labelsEnd)
    .trim()
    .split(/[ \t]+/);
  if (more.length > 0 || readNumber(value) === undefined) return undefined;
  const head = `${labels.rebuilt()} ${value}`;
  if (timestamp === undefined) return head;
  return isSeconds(timestamp) ? `${head} ${timestamp}` : undefined;
}
