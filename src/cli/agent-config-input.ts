// What the configuration is read from, for every command that takes the words of `proxy`.

import { availableParallelism } from 'node:os';

import { loadAgentConfig, type AgentConfig, type AgentConfigInput } from '../config/agent-config.ts';
import type { LogFlagValues } from '../config/log-flags.ts';
import { proxyNodeType, type ProxyFlagValues } from '../config/proxy-flags.ts';
import { readTextIfExists } from '../runtime/files.ts';
import type { CliContext } from './context.ts';

export interface ProxyWords {
  readonly flags: ProxyFlagValues & LogFlagValues;
  readonly args: readonly string[];
  readonly ignored: readonly string[];
}

/** @throws ConfigError naming the flag, variable, file or field */
export function agentConfigInput(
  context: CliContext,
  { flags, args, ignored }: ProxyWords,
): AgentConfigInput {
  return {
    nodeType: proxyNodeType(args),
    flags,
    ignoredFlags: ignored,
    environment: context.env,
    readText: readTextIfExists,
    workingDirectory: process.cwd(),
    cpuCount: availableParallelism(),
    uid: process.getuid?.() ?? -1,
    resolveHost,
  };
}

/** Only a statsd host that is a name asks for it. */
async function resolveHost(host: string): Promise<string[]> {
  const { lookup } = await import('node:dns/promises');
  return (await lookup(host, { all: true })).map(({ address }) => address);
}

/**
 * The configuration for a command that only shows it: no name is looked up, and what reading it has to say goes to
 * standard error.
 *
 * @param addressOf stands for the address of a host that the agent would look up
 * @throws ConfigError as `proxy` would
 */
export async function offlineAgentConfig(
  context: CliContext,
  words: ProxyWords,
  addressOf: (host: string) => string,
): Promise<AgentConfig> {
  const input = agentConfigInput(context, words);
  const config = await loadAgentConfig({ ...input, resolveHost: async (host) => [addressOf(host)] });
  for (const { level, message } of config.notices) {
    if (level === 'warn' || level === 'error') context.stderr.write(`warning: ${message}\n`);
  }
  return config;
}
