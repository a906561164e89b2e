// What makes a running agent ask for a hot restart, and what does not. No control plane is there, so no restart gets
// further than its gates.

import { deepEqual, equal, match } from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import type { GivenConfig } from './support/agent-config.ts';
import { AgentFolder, RunningAgent } from './support/running-agent.ts';

const LIVE = /generation 0\) is live/;
const AT_ONCE = { ENVOY_RESTART_DEBOUNCE: '1ms', ENVOY_RESTART_JITTER: '0s' };

describe('restarts of a running agent', () => {
  let temporary: TemporaryDirectory;
  let folder: AgentFolder;
  beforeEach(async () => {
    temporary = await temporaryDirectory();
    folder = await AgentFolder.lay(temporary.path);
  });
  afterEach(() => temporary.remove());

  async function run({ env, ...given }: GivenConfig = {}): Promise<RunningAgent> {
    const agent = new RunningAgent(folder, await folder.config({ ...given, env: { ...AT_ONCE, ...env } }));
    await agent.logged(LIVE);
    return agent;
  }

  function changes(agent: RunningAgent): string[] {
    return agent.recorded.messages().filter((message) => message.startsWith('changed: '));
  }

  it('are asked for by a changed template', async () => {
    await using agent = await run();

    await folder.setTemplate({ changed: true });
    await agent.logged(/^changed: .*template\.json$/);
  });

  it('are never asked for by certificates: neither by files of any, nor by a new one', async () => {
    const certificates = ['etc/certs/cert-chain.pem', 'var/run/secrets/istio/root-cert.pem', 'out/key.pem'];
    await using agent = await run({ env: { OUTPUT_CERTS: join(folder.path, 'out') } });

    for (const name of certificates) {
      const path = join(folder.path, name);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, 'new');
    }
    (await agent.running).rotate();
    await agent.logged(/no new certificate|generated new workload certificate/);
    await folder.setTemplate({ changed: true });
    await agent.logged(/^changed: /);

    deepEqual(changes(agent), [`changed: ${join(folder.path, 'template.json')}`]);
    equal(agent.recorded.messages().filter((message) => message.startsWith('hot restart asked')).length, 0);
  });

  describe('without hot restart', () => {
    const off = { ENVOY_HOT_RESTART: 'false' };

    it('are refused, and what the agent would have to be restarted for is told', async () => {
      await using agent = await run({ env: off });
      const { restart } = await agent.running;

      restart('SIGHUP');
      await agent.logged(/^no file that Envoy is made of has changed$/);
      await folder.setTemplate({ changed: true });
      restart('SIGHUP');
      await agent.logged(
        /^changed since the start: .*template\.json; for Envoy to take it, restart the agent$/,
      );

      match(
        agent.recorded.messages('error').join('\n'),
        /^hot restart \(operator\) refused: hot restart is off$/m,
      );
      equal(agent.recorded.messages().filter((message) => /^Envoy .* started: /.test(message)).length, 1);
    });

    it('are asked for by no file', async () => {
      await using agent = await run({ env: off });

      await folder.setTemplate({ changed: true });
      (await agent.running).restart('SIGHUP');
      await agent.logged(/^changed since the start/);

      deepEqual(changes(agent), []);
    });
  });
});
