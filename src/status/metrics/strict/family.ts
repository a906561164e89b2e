// One family of a part: its metadata until the first sample, then how the page shows it, or that it does not.

import { fingerprint, type FingerprintSet } from './fingerprints.ts';
import { convertedHelp, type Metadata } from './metadata.ts';
import { namesOf, outlines, typeOf, type Direction, type FamilyType, type Outline } from './outline.ts';
import type { Place } from './sample-rules.ts';

export type Conflict = 'duplicate' | 'broken';

/** A sample name of the family. */
export interface Member {
  readonly place: Place;
  readonly fingerprint: number;
  /** The page's format has no place for it. */
  readonly passedOver: boolean;
}

/** What became of the family once its metadata was complete. */
export interface Settled {
  /** Undefined: the family goes onto the page. */
  readonly leftOut: Conflict | undefined;
  readonly header: string;
  /** A unit that a parser would refuse was dropped. */
  readonly unitDropped: boolean;
}

export class Family {
  /** As the part has it. */
  readonly name: string;
  readonly #direction: Direction;
  readonly #members = new Map<string, Member>();
  #help: string | undefined;
  #unit: string | undefined;
  #type: FamilyType | undefined;
  #settled: Settled | undefined;

  constructor(name: string, direction: Direction) {
    this.name = name;
    this.#direction = direction;
  }

  /** Takes a line of metadata about this family. @returns why the line is left out */
  describe({ kind, text }: Metadata): Conflict | undefined {
    if (this.#settled !== undefined) return this.#settled.leftOut === undefined ? 'broken' : undefined;
    if (kind === 'HELP') return this.#once(this.#help, () => (this.#help = text));
    if (kind === 'UNIT') return this.#once(this.#unit, () => (this.#unit = text));
    const type = typeOf(text, this.#direction.fromOpenMetrics);
    return type === undefined ? 'broken' : this.#once(this.#type, () => (this.#type = type));
  }

  /**
   * Decides how the page shows the family; its metadata is complete.
   *
   * @param taken the names that are on the page; this family's join them
   * @returns undefined when that was decided before
   */
  settle(taken: FingerprintSet): Settled | undefined {
    if (this.#settled !== undefined) return undefined;
    const ways = outlines(this.#type ?? 'unknown', this.name, this.#direction);
    const prints = ways.map((way) => namesOf(way).map((name) => fingerprint(name)));
    const free = prints.findIndex((names) => !names.some((name) => taken.has(name)));
    const outline = ways[Math.max(free, 0)];
    if (outline === undefined) throw new Error('a family has at least one outline');
    this.#join(outline);
    this.#settled =
      free < 0
        ? { leftOut: 'duplicate', header: '', unitDropped: false }
        : this.#claimed(
            outline,
            (prints[free] ?? []).every((name) => taken.add(name)),
          );
    return this.#settled;
  }

  get leftOut(): boolean {
    return this.#settled?.leftOut !== undefined;
  }

  /** Undefined: a sample of that name belongs to another family. Only for a settled family. */
  member(sampleName: string): Member | undefined {
    return this.#members.get(sampleName);
  }

  #once(before: unknown, set: () => void): Conflict | undefined {
    if (before !== undefined) return 'duplicate';
    set();
    return undefined;
  }

  #join(outline: Outline): void {
    const { type, name: family, endings } = outline;
    for (const ending of endings) this.#addMember(family + ending, { type, family, ending }, false);
    for (const name of outline.passedOver) this.#addMember(name, { type, family, ending: '' }, true);
  }

  #addMember(name: string, place: Place, passedOver: boolean): void {
    this.#members.set(name, { place, fingerprint: fingerprint(name), passedOver });
  }

  /** @param inTime false: so many names are on the page that no more can be remembered */
  #claimed(outline: Outline, inTime: boolean): Settled {
    if (!inTime) return { leftOut: 'broken', header: '', unitDropped: false };
    const { name, typeText } = outline;
    const unit = this.#unit ?? '';
    const showsUnit = unit !== '' && this.#direction.toOpenMetrics; // text has no units
    const unitFits = unitFitsTo(outline, unit);
    const lines: string[] = [];
    if (this.#help !== undefined && this.#help !== '' && typeText !== undefined) {
      lines.push(`# HELP ${name} ${convertedHelp(this.#help, this.#direction.toOpenMetrics)}\n`);
    }
    if (this.#type !== undefined && typeText !== undefined) lines.push(`# TYPE ${name} ${typeText}\n`);
    if (showsUnit && unitFits) lines.push(`# UNIT ${name} ${unit}\n`);
    return { leftOut: undefined, header: lines.join(''), unitDropped: showsUnit && !unitFits };
  }
}

function unitFitsTo({ type, name }: Outline, unit: string): boolean {
  return name.endsWith(`_${unit}`) && type !== 'info' && type !== 'stateset';
}
