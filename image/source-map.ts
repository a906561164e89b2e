// Reads a source map for a few positions, token by token and keeping none: Node's own SourceMap class lists all of them,
// which for the map of the bundle takes three times as long and leaves the process 60 MB larger.

/** The part of a source map that tells positions. */
export interface SourceMapText {
  readonly sources: readonly string[];
  /** @see ECMA-426 */
  readonly mappings: string;
}

/** Both from 0. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Where the output from a position on comes from. Everything from 0. */
export interface Segment extends Position {
  readonly source: number;
  readonly sourceLine: number;
  readonly sourceColumn: number;
}

/** @returns `file:line:column` from 1, for each position; undefined: no source is known of it */
export function sourcesAt(
  { sources, mappings }: SourceMapText,
  positions: readonly Position[],
): readonly (string | undefined)[] {
  const found = new Map<Position, string>();
  const lastLine = Math.max(...positions.map(({ line }) => line));
  let line = -1;
  let asked: readonly Position[] = [];
  for (const segment of segmentsOf(mappings)) {
    if (segment.line > lastLine) break;
    if (segment.line !== line) {
      line = segment.line;
      asked = positions.filter((position) => position.line === line);
    }
    for (const position of asked) {
      if (position.column < segment.column) continue; // the last one that begins before the position covers it
      const { source, sourceLine, sourceColumn } = segment;
      found.set(position, `${sources[source]}:${sourceLine + 1}:${sourceColumn + 1}`);
    }
  }
  return positions.map((position) => found.get(position));
}

const SEMICOLON = 59;
const COMMA = 44;

/**
 * Numbers are base64 VLQ: five bits a digit, the lowest first; the sixth says that more follow. The lowest bit of all
 * is the sign. Letter by letter, because there are millions of them.
 *
 * @returns the same object every time, for the segments that have a source
 */
export function* segmentsOf(mappings: string): Generator<Segment> {
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

function add(segment: { -readonly [K in keyof Segment]: number }, field: number, difference: number): void {
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
