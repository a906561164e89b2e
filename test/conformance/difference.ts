// A failed case as text a person can read: what was expected against what came, shortened.

import { AssertionError } from 'node:assert';
import { diff } from 'node:util';

/** Unchanged lines shown around a change. */
const CONTEXT_LINES = 2;
const MAX_LINES = 60;

/** An AssertionError as a unified diff below its message, any other error as its message. */
export function failureText(error: unknown): string {
  if (!(error instanceof AssertionError)) return error instanceof Error ? error.message : String(error);
  const expected = lines(error.expected);
  const actual = lines(error.actual);
  if (expected.length + actual.length <= 2) return error.message;
  // Node may add a diff of its own below the message.
  const message = error.generatedMessage ? [] : error.message.split('\n').slice(0, 1);
  return [...message, ...unifiedDiff(expected, actual)].join('\n');
}

/** Objects print with sorted members, so that only values differ. */
function lines(value: unknown): string[] {
  if (value === undefined) return [];
  const text = typeof value === 'string' ? value : JSON.stringify(value, sorted, 2);
  return text.split('\n');
}

function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function unifiedDiff(expected: readonly string[], actual: readonly string[]): string[] {
  const edits = diff([...actual], [...expected]); // 1: only in the first, -1: only in the second
  const isNear = (index: number): boolean =>
    edits.slice(Math.max(0, index - CONTEXT_LINES), index + CONTEXT_LINES + 1).some(([kind]) => kind !== 0);
  const shown: string[] = ['--- expected', '+++ actual'];
  let line = 0;
  let isInHunk = false;
  for (const [index, [kind, text]] of edits.entries()) {
    if (kind !== 1) line += 1;
    if (!isNear(index)) isInHunk = false;
    else {
      if (!isInHunk) shown.push(`@@ line ${line} @@`);
      isInHunk = true;
      shown.push(`${{ [-1]: '-', 0: ' ', 1: '+' }[kind]}${text}`);
    }
  }
  const left = shown.length - MAX_LINES;
  return left > 0 ? [...shown.slice(0, MAX_LINES), `… ${left} more lines`] : shown;
}
