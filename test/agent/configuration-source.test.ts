import { deepEqual, equal } from 'node:assert/strict';

import { ConfigurationSource } from '../../src/agent/configuration-source.ts';
import type { AgentConfig } from '../../src/config/agent-config.ts';
import { recordingLog } from '../support/recording-log.ts';
import { agentConfig } from './support/agent-config.ts';

async function withUnknownField(name: string): Promise<AgentConfig> {
  return agentConfig({ proxyConfig: { [name]: 1 } });
}

async function labelled(env: AgentConfig['environment'], app: string): Promise<AgentConfig> {
  const config = await agentConfig({ env });
  return { ...config, pod: { ...config.pod, labels: { app } } };
}

describe('ConfigurationSource', () => {
  it('gives what the agent was started with once, then what is read anew', async () => {
    const [first, second] = [await agentConfig(), await agentConfig({ env: { POD_NAME: 'second' } })];
    const source = new ConfigurationSource(first, { reload: async () => second, log: recordingLog().log });

    equal(await source.next(), first);
    equal((await source.next()).pod.name, 'second');
    equal((await source.next()).pod.name, 'second');
    equal(source.last.pod.name, 'second');
  });

  it('logs what is new to say about it, and what was said before only when it was gone meanwhile', async () => {
    const { log, messages } = recordingLog();
    const warned = async (source: ConfigurationSource): Promise<readonly string[]> => {
      const before = messages('warn').length;
      await source.next();
      return messages('warn').slice(before);
    };
    const later = ['abc', 'abd', 'abd', 'abc'].map(withUnknownField);
    const source = new ConfigurationSource(await withUnknownField('abc'), {
      reload: async () => later.shift() ?? agentConfig(),
      log,
    });

    const lines = [];
    for (let launch = 0; launch < 5; launch += 1) lines.push(await warned(source));

    const line = (name: string): string => `ignored: unknown ProxyConfig fields ${name} (PROXY_CONFIG)`;
    deepEqual(lines, [[], [], [line('abd')], [], [line('abc')]]);
  });

  it('gives the last one that was right, with a warning, while the present one is not', async () => {
    const { log, messages } = recordingLog();
    const good = await agentConfig({ env: { POD_NAME: 'good' } });
    const answers = [Promise.resolve(good), Promise.reject(new Error('not a duration'))];
    const source = new ConfigurationSource(await agentConfig(), {
      reload: () => answers.shift() ?? Promise.resolve(good),
      log,
    });
    await source.next();
    await source.next();

    equal((await source.next()).pod.name, 'good');
    deepEqual(messages('warn'), [
      'the configuration stays what it was, the present one is wrong: not a duration',
    ]);
  });

  for (const [effect, env, want] of [
    ['keeps the labels of the start', {}, ['a', 'a']],
    ['follows the labels when it may', { RESTART_ON_LABEL_CHANGE: 'true' }, ['a', 'b']],
  ] as const) {
    it(effect, async () => {
      const changed = await labelled(env, 'b');
      const source = new ConfigurationSource(await labelled(env, 'a'), {
        reload: async () => changed,
        log: recordingLog().log,
      });

      const given = [await source.next(), await source.next()];

      deepEqual(
        given.map(({ pod }) => pod.labels?.app),
        want,
      );
    });
  }
});
