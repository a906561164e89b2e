// How Envoy is run, whatever for: binary, environment, user, a process group of its own.

import type { Command } from '../../runtime/spawn.ts';
import type { EnvoySettings } from '../settings.ts';

/** What a run of Envoy needs to know, whatever it is for. */
export type EnvoyProgram = Pick<EnvoySettings, 'binaryPath' | 'env' | 'user'>;

/**
 * @param env added to the configured environment
 */
export function envoyCommand(
  settings: EnvoyProgram,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Command {
  return {
    file: settings.binaryPath,
    args,
    stdout: 'inherit', // access logs are written to /dev/stdout by name
    detached: true, // a terminal's Ctrl-C is for the agent, which drains first
    env: { ...settings.env, ...env },
    ...settings.user,
  };
}
