// What a family is in each format: which sample names are its own, which names nobody else may have, and what its
// header says. The names of samples are the same in both formats; only the header's differ.

export type FamilyType =
  | 'counter'
  | 'gauge'
  | 'histogram'
  | 'gaugehistogram'
  | 'summary'
  | 'info'
  | 'stateset'
  | 'unknown';

/** What the names of a type's samples end in. */
const OPENMETRICS_ENDINGS: Readonly<Record<FamilyType, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [''],
  histogram: ['_bucket', '_sum', '_count', '_created'],
  gaugehistogram: ['_bucket', '_gsum', '_gcount'],
  summary: ['', '_sum', '_count', '_created'],
  info: ['_info'],
  stateset: [''],
  unknown: [''],
};

const TEXT_ENDINGS: Readonly<Partial<Record<FamilyType, readonly string[]>>> = {
  counter: [''],
  gauge: [''],
  histogram: ['', '_bucket', '_sum', '_count'],
  summary: ['', '_sum', '_count'],
  unknown: [''],
};

const CREATED = '_created';
const TOTAL = '_total';

/** A family as the page shows it. */
export interface Outline {
  readonly type: FamilyType;
  /** Its name in the header and in front of the endings. */
  readonly name: string;
  readonly endings: readonly string[];
  /** Undefined: the format has no word for it, so that it goes without a header. */
  readonly typeText: string | undefined;
  /** Names of samples for which the format has no place. */
  readonly passedOver: readonly string[];
}

/** Whether a part, and the page it goes to, are OpenMetrics. */
export interface Direction {
  readonly fromOpenMetrics: boolean;
  readonly toOpenMetrics: boolean;
}

/** @returns undefined for a word that is no type of the format */
export function typeOf(word: string, openMetrics: boolean): FamilyType | undefined {
  if (openMetrics) return isType(word) ? word : undefined;
  const lower = word.toLowerCase();
  if (lower === 'untyped') return 'unknown';
  return isType(lower) && lower !== 'unknown' && lower in TEXT_ENDINGS ? lower : undefined;
}

function isType(word: string): word is FamilyType {
  return Object.hasOwn(OPENMETRICS_ENDINGS, word);
}

/** The ways to show a family that its part gives this type and name, the best one first. */
export function outlines(type: FamilyType, name: string, direction: Direction): readonly Outline[] {
  const { fromOpenMetrics, toOpenMetrics } = direction;
  if (toOpenMetrics) return fromOpenMetrics ? [inOpenMetrics(type, name)] : fromText(type, name);
  return [fromOpenMetrics ? intoText(type, name) : inText(type, name)];
}

/** Every name the family takes for itself. */
export function namesOf({ name, endings }: Outline): readonly string[] {
  return [...new Set([name, ...endings.map((ending) => name + ending)])];
}

function inOpenMetrics(type: FamilyType, name: string): Outline {
  return { type, name, endings: OPENMETRICS_ENDINGS[type], typeText: type, passedOver: [] };
}

function inText(type: FamilyType, name: string): Outline {
  const typeText = type === 'unknown' ? 'untyped' : type;
  return { type, name, endings: TEXT_ENDINGS[type] ?? [''], typeText, passedOver: [] };
}

/** Without `_total` a counter would need another name: dashboards would lose it with the format. */
function fromText(type: FamilyType, name: string): readonly Outline[] {
  if (type !== 'counter') return [inOpenMetrics(type, name)];
  const unknown = inOpenMetrics('unknown', name);
  if (!name.endsWith(TOTAL) || name === TOTAL) return [unknown];
  return [inOpenMetrics('counter', name.slice(0, -TOTAL.length)), unknown];
}

function intoText(type: FamilyType, name: string): Outline {
  const passedOver = OPENMETRICS_ENDINGS[type].includes(CREATED) ? [name + CREATED] : [];
  switch (type) {
    case 'counter':
      return { ...inText('counter', name + TOTAL), passedOver };
    case 'info':
      return inText('gauge', `${name}_info`);
    case 'stateset':
      return inText('gauge', name);
    case 'gaugehistogram':
      return { ...inOpenMetrics(type, name), typeText: undefined };
    case 'gauge':
    case 'histogram':
    case 'summary':
    case 'unknown':
      return { ...inText(type, name), passedOver };
  }
}
