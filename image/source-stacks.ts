// Stacks of the bundle in terms of its sources, by the source map beside it. The map is read when the stack of a mistake
// is looked at for the first time; of it, only the positions that were asked for are kept. Node's own support for maps
// (--enable-source-maps) knows nothing of a script with a code cache.

import { readFileSync } from 'node:fs';

import { sourcesAt, type Position, type SourceMapText } from './source-map.ts';

/** As V8 writes it when it is made text. */
interface Frame extends NodeJS.CallSite {
  toString(): string;
}

type FormatStack = (error: Error, frames: Frame[]) => unknown;

/**
 * To be `Error.prepareStackTrace`.
 *
 * @param file whose frames are to be named by their source; without a map beside it they stay as they are
 * @param format what makes a stack otherwise; it tells how the error itself is named
 */
export function namingSources(file: string, format: FormatStack): FormatStack {
  const known = new Map<string, string>();
  const learn = (frames: readonly NodeJS.CallSite[]): void => {
    const unknown = frames.filter((frame) => !known.has(placeOf(frame)));
    if (unknown.length === 0) return;
    const map = JSON.parse(readFileSync(`${file}.map`, 'utf8')) as SourceMapText;
    const sources = sourcesAt(map, unknown.map(positionOf));
    for (const [index, frame] of unknown.entries()) {
      const place = placeOf(frame);
      known.set(place, sources[index] ?? place);
    }
  };
  return (error, frames) => {
    if (isOfSurroundings(error)) return format(error, frames);
    try {
      learn(frames.filter((frame) => frame.getFileName() === file));
    } catch {
      return format(error, frames); // the map is not there or damaged, and a stack is no place for another error
    }
    const lines = frames.map((frame) => {
      const place = placeOf(frame);
      return `\n    at ${frame.toString().replace(place, () => known.get(place) ?? place)}`;
    });
    return `${String(format(error, []))}${lines.join('')}`;
  };
}

/**
 * What is no mistake of the code. Streams look at the stack of every error that ends them, and reading the map for an
 * aborted request would hold up everything else for some 100 ms.
 */
function isOfSurroundings(error: Error): boolean {
  return ['AbortError', 'TimeoutError'].includes(error.name) || 'syscall' in error;
}

/** As it stands in the frame's text. */
function placeOf(frame: NodeJS.CallSite): string {
  return `${frame.getFileName()}:${frame.getLineNumber()}:${frame.getColumnNumber()}`;
}

function positionOf(frame: NodeJS.CallSite): Position {
  return { line: (frame.getLineNumber() ?? 1) - 1, column: (frame.getColumnNumber() ?? 1) - 1 };
}
