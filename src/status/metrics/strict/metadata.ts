// Reads `# HELP`, `# TYPE` and `# UNIT`, and carries help texts from one format to the other.

import { isUtf8 } from 'node:buffer';

export interface Metadata {
  readonly kind: 'HELP' | 'TYPE' | 'UNIT';
  /** The family it is about. */
  readonly name: string;
  readonly text: string;
}

const KEYWORD = /^#[ \t]*(HELP|TYPE|UNIT)[ \t]+(?=[^ \t])/;
const ABOUT = /([a-zA-Z_:][\w:]*)(?:[ \t]+(.*))?$/sy;
const TEXT_HELP = /^(?:[^\\\0]|\\[\\n])*$/;
const OPENMETRICS_HELP = /^(?:[^\\\0]|\\[\\n"])*$/;
// oxlint-disable-next-line no-control-regex -- bytes as latin1
const ASCII = /^[\0-\x7f]*$/;

/**
 * @param line without blanks at its end
 * @returns 'comment' for what says nothing about a family (`# EOF` is one), 'broken' for what a parser would refuse
 */
export function readMetadata(line: string, openMetrics: boolean): Metadata | 'comment' | 'broken' {
  const [start, kind] = KEYWORD.exec(line) ?? [];
  if (start === undefined || (kind === 'UNIT' && !openMetrics)) return 'comment';
  ABOUT.lastIndex = start.length;
  const [, name, text = ''] = ABOUT.exec(line) ?? [];
  if (name === undefined || !isKind(kind)) return 'broken';
  if (kind === 'HELP' && !isHelp(text, openMetrics)) return 'broken';
  return { kind, name, text };
}

/** Quotes are escaped in the help of OpenMetrics only. */
export function convertedHelp(help: string, toOpenMetrics: boolean): string {
  return help.replaceAll(/\\.|"/g, (piece) => {
    if (piece === '"') return toOpenMetrics ? String.raw`\"` : piece;
    return piece === String.raw`\"` && !toOpenMetrics ? '"' : piece;
  });
}

function isKind(text: string | undefined): text is Metadata['kind'] {
  return text === 'HELP' || text === 'TYPE' || text === 'UNIT';
}

function isHelp(text: string, openMetrics: boolean): boolean {
  if (!(openMetrics ? OPENMETRICS_HELP : TEXT_HELP).test(text)) return false;
  return ASCII.test(text) || isUtf8(Buffer.from(text, 'latin1'));
}
