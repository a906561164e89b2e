// The reference tables of README.md, made of the rows the program itself runs on. `npm run docs` writes them between
// their markers, and a test fails while they differ.

import type { EnvRow, VariableText } from '../config/env-row.ts';
import { fieldsWithoutEffect } from '../config/proxy-config/fields-without-effect.ts';
import type { FlagRow } from '../config/flag-rows.ts';
import { logFlags } from '../config/log-flags.ts';
import { proxyFlags } from '../config/proxy-flags.ts';
import { captureFlags } from './istio-iptables-flags.ts';
import { allVariableGroups } from './variable-list.ts';

type Variable = VariableText | EnvRow<unknown>;

/** @throws Error when a marker is missing */
export function withReference(readme: string): string {
  const withVariables = between(readme, 'variables', variablesReference());
  return between(withVariables, 'without effect', withoutEffectReference());
}

/** A folded table per group, of the variables that have an effect. */
function variablesReference(): string {
  const groups = Object.entries(allVariableGroups()).map(([title, variables]) => ({
    title,
    rows: variables.filter(({ noEffect }) => noEffect === undefined).map(variableRow),
  }));
  return groups
    .filter(({ rows }) => rows.length > 0)
    .map(({ title, rows }) => {
      const lines = table(['Variable', 'Default', 'Meaning'], rows);
      return `<details><summary>${title}</summary>\n\n${lines}\n\n</details>`;
    })
    .join('\n');
}

function variableRow(variable: Variable): string[] {
  return [code(variable.name), 'parser' in variable ? defaultOf(variable) : '', variable.help];
}

function defaultOf({ parser, fallback }: EnvRow<unknown>): string {
  if (fallback === undefined) return 'unset';
  const text = parser.format(fallback);
  return text === '' ? 'empty' : code(text);
}

/** Flags, variables and fields, each with the reason. */
function withoutEffectReference(): string {
  const flags = Object.values<FlagRow<unknown>>({ ...proxyFlags, ...captureFlags, ...logFlags });
  const variables = Object.values(allVariableGroups()).flat();
  return table(
    ['Setting', 'Why it has no effect'],
    [
      ...flags.flatMap(({ name, noEffect }) => reasoned(`flag ${code(`--${name}`)}`, noEffect)),
      ...variables.flatMap(({ name, noEffect }) => reasoned(`variable ${code(name)}`, noEffect)),
      ...Object.entries(fieldsWithoutEffect).flatMap(([name, why]) =>
        reasoned(`ProxyConfig ${code(name)}`, why),
      ),
    ],
  );
}

function reasoned(setting: string, why: string | undefined): string[][] {
  return why === undefined ? [] : [[setting, why]];
}

function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`;
  return [line(heading), line(heading.map(() => '---')), ...rows.map(line)].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

function escaped(cell: string): string {
  return cell.replaceAll('|', String.raw`\|`).replaceAll('<', '&lt;');
}

/** Replaces what stands between the two markers of this name. */
function between(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}: begin -->`, `<!-- ${name}: end -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`no markers ${begin} and ${end}`);
  return `${text.slice(0, from + begin.length)}\n${content}\n${text.slice(to)}`;
}
