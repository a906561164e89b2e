// What Envoy prints: passed on line by line, the end of it kept, and the one sentence in it that explains a
// refusal.

import type { Readable } from 'node:stream';

import type { Clock } from '../../runtime/clock.ts';

/** Longer lines are passed on in parts: an Envoy without newlines must not fill our memory. */
const MAX_LINE_CHARS = 64 * 1024;

/** Calls `take` for every line without its newline; ends with the stream. Bytes that are no UTF-8 become U+FFFD. */
export async function eachLine(stream: Readable, take: (line: string) => void): Promise<void> {
  let rest = '';
  stream.setEncoding('utf8');
  try {
    for await (const chunk of stream) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) take(line);
      if (rest.length > MAX_LINE_CHARS) {
        take(rest);
        rest = '';
      }
    }
  } catch {
    // a broken pipe is the end of the output; why the process ended is told by its exit
  }
  if (rest !== '') take(rest);
}

/** What a process left in its pipe is read in this time; a process it started may hold the pipe open for ever. */
const LEFTOVER_MS = 500;

/** Waits for the end of the output of a process that is gone, and not for longer than that takes. */
export async function leftover(printed: Promise<void>, clock: Clock): Promise<void> {
  const ended = new AbortController();
  const limit = clock.sleep(LEFTOVER_MS, ended.signal).catch(() => undefined); // aborted: the output came first
  await Promise.race([printed, limit]);
  ended.abort();
  await limit;
}

/** The last lines of an output. */
export class LineTail {
  readonly #lines: string[] = [];
  readonly #limit: number;

  constructor(limit = 50) {
    this.#limit = limit;
  }

  push(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length > this.#limit) this.#lines.shift();
  }

  get lines(): readonly string[] {
    return this.#lines;
  }
}

const MAX_WORDS_CHARS = 500;

/** `[time][pid][level][component] [file:line] text`, Envoy's own format. */
const NATIVE_LINE = /^\[[^\]]*\]\[\d+\]\[(\w+)\]\[(\w+)\] (?:\[[^\]]*\] )?(.*)$/;
/** `time <tab> level <tab> envoy component file:line <tab> text`, the format Istio's bootstrap sets. */
const ISTIO_LINE = /^\S+\t(\w+)\tenvoy (\w+)[^\t]*\t(.*?)(?:\tthread=\d+)?$/;
/** The error itself, without the dump of the configuration that follows it. */
const QUOTED_ERROR = /^error `(.+)` initializing config/;

/** Envoy's own explanation of its end, taken from its last lines; one line, at most 500 characters. */
export function envoyWords(lines: readonly string[]): string {
  const told = lines.flatMap(logLine).filter(({ component }) => component !== 'backtrace');
  const line =
    told.findLast(({ level }) => level === 'critical')?.text ??
    told.findLast(({ level }) => level === 'error')?.text ??
    lines.findLast((text) => text.trim() !== '') ??
    'Envoy said nothing';
  const words = QUOTED_ERROR.exec(line)?.[1] ?? line;
  return words.replaceAll(/\s+/g, ' ').trim().slice(0, MAX_WORDS_CHARS);
}

interface LogLine {
  readonly level: string;
  readonly component: string;
  readonly text: string;
}

/** Empty for a line that is no log line. */
function logLine(line: string): LogLine[] {
  const [, level, component, text] = NATIVE_LINE.exec(line) ?? ISTIO_LINE.exec(line) ?? [];
  if (level === undefined || component === undefined || text === undefined) return [];
  return [{ level, component, text }];
}
