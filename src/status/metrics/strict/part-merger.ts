// Goes through one part line by line and writes what of it belongs on the page: a small machine whose state is the
// family under way and, in OpenMetrics, the point under way.

import { Family, type Conflict, type Member } from './family.ts';
import { FingerprintSet, joined, without } from './fingerprints.ts';
import { isBlank, LabelScanner } from './label-scanner.ts';
import type { LineReceiver } from './lines.ts';
import { readMetadata } from './metadata.ts';
import type { Direction } from './outline.ts';
import { HistogramPoint, PointOrder } from './points.ts';
import {
  boundOf,
  fitsOpenMetrics,
  fitsText,
  labelWithin,
  readExemplar,
  takesExemplar,
  type Place,
} from './sample-rules.ts';
import { convertedTimestamp } from './timestamps.ts';
import { SampleScanner } from './sample-scanner.ts';

/** Series of one family, and names of one page, that are remembered; those beyond are left out. */
export const MAX_REMEMBERED = 2 ** 18;

const HASH = 35;
const CARRIAGE_RETURN = 13;

export interface PartMergerDeps {
  readonly direction: Direction;
  /** The names on the page so far. */
  readonly taken: FingerprintSet;
  /** Something is left out. */
  readonly conflict: (reason: Conflict) => void;
}

export class PartMerger implements LineReceiver {
  readonly #deps: PartMergerDeps;
  readonly #direction: Direction;
  readonly #sample = new SampleScanner();
  readonly #exemplarLabels = new LabelScanner();
  readonly #series = new FingerprintSet(MAX_REMEMBERED);
  readonly #points = new PointOrder(MAX_REMEMBERED);
  #family: Family | undefined;
  #held: HistogramPoint | undefined;
  #written = '';

  constructor(deps: PartMergerDeps) {
    this.#deps = deps;
    this.#direction = deps.direction;
  }

  readonly line = (text: string, start: number, end: number): void => {
    let from = start;
    let to = end;
    while (from < to && isBlank(text.charCodeAt(from))) from += 1;
    while (to > from && isLineEnd(text.charCodeAt(to - 1))) to -= 1;
    if (from === to) return;
    if (text.charCodeAt(from) === HASH) this.#readMetadata(text.slice(from, to));
    else this.#readSample(text, from, to);
  };

  readonly tooLong = (): void => this.#deps.conflict('broken');

  /** The part is over, or broke off. */
  end(): void {
    this.#closeFamily();
  }

  /** What was written since the last call. */
  take(): string {
    const written = this.#written;
    this.#written = '';
    return written;
  }

  #readMetadata(line: string): void {
    const metadata = readMetadata(line, this.#direction.fromOpenMetrics);
    if (metadata === 'comment') return;
    if (metadata === 'broken') return this.#deps.conflict('broken');
    const family = this.#family?.name === metadata.name ? this.#family : this.#open(metadata.name);
    const conflict = family.describe(metadata);
    if (conflict !== undefined) this.#deps.conflict(conflict);
  }

  #readSample(text: string, start: number, end: number): void {
    const timestamp = this.#sample.scan(text, start, end)
      ? convertedTimestamp(this.#sample, this.#direction)
      : undefined;
    if (timestamp === undefined) return this.#deps.conflict('broken'); // and is no reason to end a family
    const member = this.#memberOf(this.#sample.name);
    if (member === undefined || member.passedOver) return;
    const line = this.#converted(member.place, timestamp);
    if (line === undefined) return this.#deps.conflict('broken');
    const conflict = this.#seriesConflict(member) ?? this.#write(member.place, line);
    if (conflict !== undefined) this.#deps.conflict(conflict);
  }

  /** Undefined: the family is left out. A name that is not the current family's begins one without metadata. */
  #memberOf(sampleName: string): Member | undefined {
    this.#settle();
    let member = this.#family?.member(sampleName);
    if (member === undefined) {
      const family = this.#open(sampleName);
      this.#settle();
      member = family.member(sampleName);
    }
    return this.#family?.leftOut === true ? undefined : member;
  }

  #open(name: string): Family {
    this.#closeFamily();
    this.#family = new Family(name, this.#direction);
    return this.#family;
  }

  #settle(): void {
    const settled = this.#family?.settle(this.#deps.taken);
    if (settled === undefined) return;
    this.#written += settled.header;
    if (settled.leftOut !== undefined) this.#deps.conflict(settled.leftOut);
    if (settled.unitDropped) this.#deps.conflict('broken');
  }

  #closeFamily(): void {
    this.#settle();
    this.#closePoint();
    this.#series.clear();
    this.#points.clear();
    this.#family = undefined;
  }

  /** Undefined: a parser would refuse it. */
  #converted(place: Place, timestamp: string): string | undefined {
    const sample = this.#sample;
    const fits = this.#direction.toOpenMetrics ? fitsOpenMetrics : fitsText;
    return fits(place, sample) ? `${sample.head}${timestamp}${this.#exemplarOf(place)}\n` : undefined;
  }

  /** Without a sample's exemplar the sample still parses. Text has none, which is no conflict. */
  #exemplarOf(place: Place): string {
    const { exemplar } = this.#sample;
    if (exemplar === undefined || !this.#direction.toOpenMetrics) return '';
    const read = takesExemplar(place) ? readExemplar(exemplar, this.#exemplarLabels) : undefined;
    if (read === undefined) this.#deps.conflict('broken');
    return read === undefined ? '' : ` # ${read}`;
  }

  #seriesConflict(member: Member): Conflict | undefined {
    const series = joined(member.fingerprint, this.#sample.labels.fingerprint);
    if (this.#series.add(series)) return undefined;
    return this.#series.has(series) ? 'duplicate' : 'broken';
  }

  #write(place: Place, line: string): Conflict | undefined {
    if (this.#direction.toOpenMetrics && !this.#isInPlace(place)) return 'broken';
    if (!this.#direction.toOpenMetrics || !isHistogram(place)) {
      this.#written += line;
      return undefined;
    }
    this.#held ??= new HistogramPoint();
    const { value } = this.#sample;
    return this.#held.add(place.ending, value, boundOf(this.#sample), line) ? undefined : 'broken';
  }

  #isInPlace(place: Place): boolean {
    const point = this.#pointOf(place);
    if (!this.#points.isCurrent(point)) this.#closePoint();
    return this.#points.place(point, this.#sample.timestamp);
  }

  /** The points of an info family count as one. */
  #pointOf(place: Place): number {
    const labelsFingerprint = this.#sample.labels.fingerprint;
    if (place.type === 'info') return 0;
    const within = labelWithin(place);
    const label = within === undefined ? undefined : this.#sample.labels.label(within);
    return label === undefined ? labelsFingerprint : without(labelsFingerprint, label.fingerprint);
  }

  #closePoint(): void {
    const held = this.#held;
    this.#held = undefined;
    const lines = held?.lines();
    if (lines !== undefined) this.#written += lines;
    else if (held !== undefined) this.#deps.conflict('broken');
  }
}

function isHistogram({ type }: Place): boolean {
  return type === 'histogram' || type === 'gaugehistogram';
}

function isLineEnd(code: number): boolean {
  return isBlank(code) || code === CARRIAGE_RETURN;
}
