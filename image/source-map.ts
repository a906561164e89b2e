// Source maps as lists of positions: reading them, and leaving out what no stack needs.

/** The part of a source map that tells positions. */
export interface SourcePositions {
  readonly sources: readonly string[];
  /** @see ECMA-426 */
  readonly mappings: string;
}

/** Where a stretch of the output comes from. Everything from 0. */
export interface Segment {
  line: number;
  column: number;
  source: number;
  sourceLine: number;
  sourceColumn: number;
}

const SEMICOLON = 59;
const COMMA = 44;

/**
 * Numbers are base64 VLQ: five bits a digit, the lowest first; the sixth says that more follow. The lowest bit of all
 * is the sign. Letter by letter, because there are millions of them.
 *
 * @returns the same object every time, for the segments that have a source
 */
export function* segmentsOf(mappings: string): Generator<Readonly<Segment>> {
  const segment = { line: 0, column: 0, source: 0, sourceLine: 0, sourceColumn: 0 };
  let [value, shift, field] = [0, 0, 0];
  for (let index = 0; index <= mappings.length; index += 1) {
    const letter = index < mappings.length ? mappings.charCodeAt(index) : SEMICOLON;
    if (letter === COMMA || letter === SEMICOLON) {
      if (field > 3) yield segment;
      field = 0;
      if (letter === COMMA) continue;
      segment.line += 1;
      segment.column = 0;
      continue;
    }
    const digit = digitOf(letter);
    value |= (digit & 31) << shift;
    shift += 5;
    if ((digit & 32) !== 0) continue;
    add(segment, field, (value & 1) === 0 ? value >> 1 : -(value >> 1));
    field += 1;
    [value, shift] = [0, 0];
  }
}

function add(segment: Segment, field: number, difference: number): void {
  if (field === 0) segment.column += difference;
  else if (field === 1) segment.source += difference;
  else if (field === 2) segment.sourceLine += difference;
  else if (field === 3) segment.sourceColumn += difference;
}

/** A to Z, a to z, 0 to 9, + and / */
function digitOf(letter: number): number {
  if (letter >= 97) return letter - 71;
  if (letter >= 65) return letter - 65;
  if (letter >= 48) return letter + 4;
  return letter === 43 ? 62 : 63;
}

/**
 * The same map with one position for each line of a source, that of its first token there: a stack names the line, and
 * a map with every token is five times as large and as slow to read.
 */
export function withLinesOnly<T extends SourcePositions>(map: T): T {
  let mappings = '';
  let last: Segment = { line: 0, column: 0, source: 0, sourceLine: 0, sourceColumn: 0 };
  let begins = true;
  for (const segment of segmentsOf(map.mappings)) {
    const isNewLine = segment.line !== last.line;
    const isSame = segment.source === last.source && segment.sourceLine === last.sourceLine;
    if (isSame && !isNewLine && !begins) continue;
    mappings += begins || isNewLine ? ';'.repeat(segment.line - last.line) : ',';
    const column = isNewLine ? 0 : last.column;
    mappings += numberText(segment.column - column) + numberText(segment.source - last.source);
    mappings += numberText(segment.sourceLine - last.sourceLine);
    mappings += numberText(segment.sourceColumn - last.sourceColumn);
    last = { ...segment };
    begins = false;
  }
  return { ...map, mappings, names: [] };
}

const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function numberText(number: number): string {
  let rest = number < 0 ? (-number << 1) | 1 : number << 1;
  let text = '';
  do {
    text += DIGITS[(rest & 31) | (rest > 31 ? 32 : 0)];
    rest >>>= 5;
  } while (rest > 0);
  return text;
}
