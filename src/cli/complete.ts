// The command `complete -- <words>`: what could stand where the words end. The script of `completion` runs it at
// every TAB, so only the command that is being written is loaded.

import type { Complete, RootCommand } from '@bomb.sh/tab';
import type { Command } from 'commander';

import { BOOL, flag, type FlagRow } from '../config/flag-rows.ts';
import { commandIndex } from './command-index.ts';
import type { CommandEntry } from './command-entry.ts';
import type { CliContext } from './context.ts';
import { goCommand, GoCommand } from './go-flags.ts';

const FLAGS = {
  noDescriptions: flag('no-descriptions', BOOL, false, 'Words only.'),
};

export function completeCommand(context: CliContext, commands: readonly CommandEntry[]): Command {
  return goCommand({
    name: 'complete',
    description: 'Print what could stand where the words end, for the script of completion.',
    positionals: '-- [word...]',
    flags: FLAGS,
    unknownFlags: 'refuse',
    run: async ({ flags, args }) => {
      const { RootCommand } = await import('@bomb.sh/tab');
      const root = new RootCommand();
      await describe(root, { context, commands, words: args, explained: !flags.noDescriptions });
      root.parse([...args]); // it writes to standard output by itself
    },
  });
}

interface Description {
  readonly context: CliContext;
  readonly commands: readonly CommandEntry[];
  /** As far as they are written. */
  readonly words: readonly string[];
  readonly explained: boolean;
}

async function describe(
  root: RootCommand,
  { context, commands, words, explained }: Description,
): Promise<void> {
  const shown = commands.filter(({ group }) => group !== undefined);
  const written = words[commandIndex(words)];
  for (const { name, description } of shown) root.command(name, explained ? description : '');
  root.command('help', explained ? 'Show the help of a command.' : '').argument('command', (offer) => {
    for (const { name } of shown) offer(name, '');
  });
  const entry = commands.find(({ name }) => name === written);
  if (entry !== undefined) await describeCommand(root, context, entry, explained);
}

async function describeCommand(
  root: RootCommand,
  context: CliContext,
  { name, load }: CommandEntry,
  explained: boolean,
): Promise<void> {
  const command = (await load())(context);
  if (!(command instanceof GoCommand)) return;
  const target = root.commands.get(name);
  for (const row of command.rows) {
    const help = explained ? row.help : '';
    if (row.kind.alone === undefined) target?.option(row.name, help, offering(row), row.short);
    else target?.option(row.name, help, row.short);
  }
  for (const [index, choices] of command.choices.entries()) {
    target?.argument(`word ${index + 1}`, (offer) => offerAll(choices, offer));
  }
}

function offering({ choices = [] }: FlagRow<unknown>): (offer: Complete) => void {
  return (offer) => offerAll(choices, offer);
}

function offerAll(choices: readonly string[], offer: Complete): void {
  for (const choice of choices) offer(choice, '');
}
