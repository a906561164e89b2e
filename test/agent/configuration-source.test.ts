import { deepEqual, equal } from 'node:assert/strict';

import { configurationSource } from '../../src/agent/configuration-source.ts';
import type { AgentConfig } from '../../src/config/agent-config.ts';
import { recordingLog } from '../support/recording-log.ts';
import { agentConfig } from './support/agent-config.ts';

async function withUnknownField(name: string): Promise<AgentConfig> {
  return agentConfig({ proxyConfig: { [name]: 1 } });
}

describe('configurationSource', () => {
  it('gives what the agent was started with once, then what is read anew', async () => {
    const [first, second] = [await agentConfig(), await agentConfig()];
    const next = configurationSource(first, { reload: async () => second, log: recordingLog().log });

    equal(await next(), first);
    equal(await next(), second);
    equal(await next(), second);
  });

  it('logs what is new to say about it, and what was said before only when it was gone meanwhile', async () => {
    const { log, messages } = recordingLog();
    const warned = async (next: () => Promise<AgentConfig>): Promise<readonly string[]> => {
      const before = messages('warn').length;
      await next();
      return messages('warn').slice(before);
    };
    const later = ['abc', 'abd', 'abd', 'abc'].map(withUnknownField);
    const next = configurationSource(await withUnknownField('abc'), {
      reload: async () => later.shift() ?? agentConfig(),
      log,
    });

    const lines = [];
    for (let launch = 0; launch < 5; launch += 1) lines.push(await warned(next));

    const line = (name: string): string => `ignored: unknown ProxyConfig fields ${name} (PROXY_CONFIG)`;
    deepEqual(lines, [[], [], [line('abd')], [], [line('abc')]]);
  });
});
