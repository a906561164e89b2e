// The forms in which a command shows data: aligned columns for people, JSON and YAML for programs.

import { flag, STRING } from '../config/flag-rows.ts';
import { ConfigError } from '../runtime/errors.ts';
import type { Json } from '../runtime/json.ts';

const FORMS = ['text', 'json', 'yaml'] as const;

export const outputFlag = flag('output', STRING, 'text', 'Form of the output: text, json or yaml.', 'o', {
  choices: FORMS,
});

/**
 * @param shown the data, for json and yaml
 * @param text the same for people, ended by a newline
 * @throws ConfigError for a form there is not
 */
export async function formatted(form: string, shown: Json, text: () => string): Promise<string> {
  switch (FORMS.find((known) => known === form)) {
    case 'text':
      return text();
    case 'json':
      return `${JSON.stringify(shown, undefined, 2)}\n`;
    case 'yaml':
      return (await import('yaml')).stringify(shown);
    case undefined:
      throw new ConfigError(`--output must be 'text', 'json' or 'yaml', not '${form}'`);
  }
}

/** A longer cell does not widen its column: it would push the next one of every line off the screen. */
const WIDEST_CELL = 60;

/** Lines of columns, each as wide as its widest cell. A row of one cell is a heading. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows.filter(({ length }) => length > 1)) {
    for (const [index, cell] of row.entries()) {
      if (cell.length <= WIDEST_CELL) widths[index] = Math.max(cell.length, widths[index] ?? 0);
    }
  }
  const line = (row: readonly string[]): string =>
    row.length === 1 ? row.join('') : row.map((cell, index) => cell.padEnd(widths[index] ?? 0)).join('  ');
  return rows.map((row) => `${line(row).trimEnd()}\n`).join('');
}
