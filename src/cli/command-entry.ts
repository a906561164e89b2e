// What the program and its commands are called, and what is known of a command before it is loaded.

import type { Command } from 'commander';

import type { CliContext } from './context.ts';

export interface CommandEntry {
  readonly name: string;
  readonly description: string;
  /** Under which heading of the help it stands; undefined: it is in no list. */
  readonly group: CommandGroup | undefined;
  readonly load: () => Promise<(context: CliContext) => Command>;
}

/** Headings of the help, in its order. */
export const COMMAND_GROUPS = [
  'In a pod',
  'Ask a running agent',
  'Look without running anything',
  'On your machine',
] as const;

export type CommandGroup = (typeof COMMAND_GROUPS)[number];

/** How errors name the program; its own name is AGENT, and an image has both. */
export const PROGRAM = 'pilot-agent';
export const AGENT = 'agent';
