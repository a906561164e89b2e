// The command `env`: every variable with its value, where that comes from, and what was rejected. No upstream
// counterpart.

import type { Command } from 'commander';

import { goQuote } from '../config/go-quote.ts';
import type { JsonObject } from '../runtime/json.ts';
import type { CliContext } from './context.ts';
import { goCommand } from './go-flags.ts';
import { columns, formatted, outputFlag } from './output.ts';
import { listVariables, type ListedVariable } from './variable-list.ts';

const GUIDE = `For each variable: whether it is set, the value that counts, and why a value was rejected or changes nothing. Families
such as ISTIO_META_* are listed where they are set. Secrets are masked.

Examples:
  kubectl exec web-1 -c istio-proxy -- pilot-agent env
  agent env -o json | jq '.[] | select(.rejected)'`;

export function envCommand(context: CliContext): Command {
  return goCommand({
    name: 'env',
    description: 'Print every environment variable the agent knows, with the value that counts.',
    guide: GUIDE,
    flags: { output: outputFlag },
    unknownFlags: 'refuse',
    run: async ({ flags }) => {
      const variables = listVariables(context.env);
      context.stdout.write(await formatted(flags.output, variables.map(asJson), () => table(variables)));
    },
  });
}

function asJson({ value, ...rest }: ListedVariable): JsonObject {
  const { group, name, source, rejected, noEffect } = rest;
  return {
    name,
    value: value ?? null,
    source,
    group,
    ...(rejected && { rejected: { ...rejected } }),
    ...(noEffect !== undefined && { noEffect }),
  };
}

function table(variables: readonly ListedVariable[]): string {
  const rows = variables.flatMap(({ group, ...variable }, index): string[][] => {
    const heading = group === variables[index - 1]?.group ? [] : [[''], [group]];
    return [...heading, [`  ${variable.name}`, variable.source, plain(variable.value), note(variable)]];
  });
  return columns([['VARIABLE', 'SOURCE', 'VALUE', 'NOTE'], ...rows]);
}

/** That a variable has no effect matters to whoever set it. */
function note({ source, rejected, noEffect }: Omit<ListedVariable, 'group'>): string {
  const notes = [
    ...(rejected ? [`rejected ${goQuote(rejected.text)}, expecting ${rejected.expecting}`] : []),
    ...(noEffect === undefined || source === 'default' ? [] : [`no effect: ${noEffect}`]),
  ];
  return notes.join('; ');
}

/** Quoted where blanks, nothing or what a terminal obeys would deceive the eye. */
function plain(value: string | undefined): string {
  if (value === undefined) return 'unset';
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S}]+$/u.test(value) ? value : goQuote(value);
}
