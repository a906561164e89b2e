// What the program itself knows: every command, flag, variable, field and endpoint, so that the report can be held
// against it.

import { commands } from '../../src/cli/commands.ts';
import { GoCommand } from '../../src/cli/go-flags.ts';
import { allVariableGroups } from '../../src/cli/variable-list.ts';
import type { FlagRow } from '../../src/config/flag-rows.ts';
import { logFlags } from '../../src/config/log-flags.ts';
import { agentOnlyFields, proxyConfigFields } from '../../src/config/proxy-config/fields.ts';
import { routes, type RouteParts } from '../../src/status/routes.ts';
import { recordingContext } from '../support/cli-context.ts';

/** Those without a group too, which help does not show; and `help`, which is none of them. */
export function commandNames(): readonly string[] {
  return [...commands.map(({ name }) => name), 'help'];
}

/** `-s` and `--name` of each flag of a command, without those of the log that all commands have, and without help. */
export async function flagNames(command: string): Promise<readonly string[]> {
  const entry = commands.find(({ name }) => name === command);
  const made = (await entry?.load())?.(recordingContext([]).context);
  if (!(made instanceof GoCommand)) throw new Error(`${command} is no command with flags`);
  const ofLog = new Set(logFlagNames());
  return made.rows
    .flatMap(spellings)
    .filter((name) => !ofLog.has(name) && name !== '--help' && name !== '-h');
}

export function logFlagNames(): readonly string[] {
  return Object.values<FlagRow<unknown>>(logFlags).flatMap(spellings);
}

function spellings({ name, short }: FlagRow<unknown>): readonly string[] {
  return short === undefined ? [`--${name}`] : [`-${short}`, `--${name}`];
}

export function variableNames(): readonly string[] {
  return Object.values(allVariableGroups()).flatMap((group) => group.map(({ name }) => name));
}

export function fieldNames(): readonly string[] {
  return [...Object.keys(proxyConfigFields), ...Object.keys(agentOnlyFields)];
}

/** Every path the status port can serve. */
export function endpointPaths(): readonly string[] {
  const everything = { debug: { enabled: true, profiling: true, commandLine: [] }, appProbes: {} };
  const { exact, prefixes } = routes(everything as unknown as RouteParts); // handlers are not called
  return [...exact.keys(), ...prefixes.map(([prefix]) => prefix)];
}
