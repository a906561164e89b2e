// Stacks of the bundle in terms of its sources, by the source map beside it. The map is read when the first stack is
// looked at; of it, only the positions that were asked for are kept. Node's own support for maps (--enable-source-maps)
// knows nothing of a script with a code cache, and holds ten times the map's size in memory.

import { readFileSync } from 'node:fs';

import { segmentsOf, type SourcePositions } from './source-map.ts';

/** Both from 0. */
interface Place {
  readonly line: number;
  readonly column: number;
}

/** As V8 writes it when it is made text. */
interface Frame extends NodeJS.CallSite {
  toString(): string;
}

type FormatStack = (error: Error, frames: readonly Frame[]) => string;

/**
 * To be `Error.prepareStackTrace`. Without a map beside the file, frames stay as they are.
 *
 * @param file whose frames are to be named by their source
 */
export function namingSources(file: string): FormatStack {
  const known = new Map<string, string>();
  const learn = (frames: readonly Frame[]): void => {
    const places = frames.filter((frame) => !known.has(keyOf(frame))).map(placeOf);
    if (places.length === 0) return;
    const found = sourcesOf(readMap(`${file}.map`), places);
    for (const { line, column } of places) {
      const key = `${file}:${line + 1}:${column + 1}`;
      known.set(key, found.get(`${line}:${column}`) ?? key);
    }
  };
  return (error, frames) => {
    learn(frames.filter((frame) => frame.getFileName() === file));
    const lines = frames.map((frame) => {
      const key = keyOf(frame);
      return `\n    at ${frame.toString().replace(key, known.get(key) ?? key)}`;
    });
    return Error.prototype.toString.call(error) + lines.join('');
  };
}

function keyOf(frame: NodeJS.CallSite): string {
  return `${frame.getFileName()}:${frame.getLineNumber()}:${frame.getColumnNumber()}`;
}

function placeOf(frame: NodeJS.CallSite): Place {
  return { line: (frame.getLineNumber() ?? 1) - 1, column: (frame.getColumnNumber() ?? 1) - 1 };
}

function readMap(path: string): SourcePositions {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as SourcePositions;
  } catch {
    return { sources: [], mappings: '' }; // a stack is no place for another error
  }
}

/** @returns `file:line:column` from 1, by `line:column` from 0; what no source is known of is left out */
export function sourcesOf(
  { sources, mappings }: SourcePositions,
  places: readonly Place[],
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  let line = -1;
  let asked: readonly Place[] = [];
  for (const segment of segmentsOf(mappings)) {
    if (segment.line !== line) {
      line = segment.line;
      asked = places.filter((place) => place.line === line);
    }
    for (const { column } of asked) {
      if (column < segment.column) continue; // the last one that begins before the place covers it
      const at = `${sources[segment.source]}:${segment.sourceLine + 1}:${segment.sourceColumn + 1}`;
      found.set(`${line}:${column}`, at);
    }
  }
  return found;
}
