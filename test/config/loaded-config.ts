// A configuration as the product loads it, from flags, variables and files that a test names.

import { loadAgentConfig, type AgentConfigInput } from '../../src/config/agent-config.ts';
import { agentConfigInput } from '../support/agent-config-input.ts';

export interface Given {
  readonly flags?: Partial<AgentConfigInput['flags']>;
  readonly env?: AgentConfigInput['environment'];
  readonly files?: Readonly<Record<string, string>>;
  readonly rest?: Partial<Omit<AgentConfigInput, 'flags'>>;
}

export async function load({ env = {}, rest, ...given }: Given = {}) {
  return loadAgentConfig(agentConfigInput({ environment: env, cpuCount: 4, ...given, ...rest }));
}

export function warningsOf(config: Awaited<ReturnType<typeof load>>): string[] {
  return config.notices.filter(({ level }) => level === 'warn').map(({ message }) => message);
}
