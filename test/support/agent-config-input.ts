// What the configuration of an agent under test is read from: a sidecar with no flag, no variable and no file, unless
// a test says otherwise.

import type { AgentConfigInput } from '../../src/config/agent-config.ts';
import { flagDefaults } from '../../src/config/flag-rows.ts';
import { logFlags } from '../../src/config/log-flags.ts';
import { proxyFlags } from '../../src/config/proxy-flags.ts';

export interface InputChanges extends Partial<Omit<AgentConfigInput, 'flags' | 'readText'>> {
  readonly flags?: Partial<AgentConfigInput['flags']>;
  /** Content by path. */
  readonly files?: Readonly<Record<string, string | undefined>>;
  readonly readText?: AgentConfigInput['readText'];
}

export function agentConfigInput({ flags, files = {}, ...changes }: InputChanges = {}): AgentConfigInput {
  return {
    nodeType: 'sidecar',
    flags: { ...flagDefaults(logFlags), ...flagDefaults(proxyFlags), ...flags },
    ignoredFlags: [],
    environment: {},
    readText: async (path) => files[path],
    workingDirectory: '/',
    cpuCount: 1,
    uid: 1337,
    resolveHost: async () => [],
    ...changes,
  };
}
