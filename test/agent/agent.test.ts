import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { access, readdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { BootstrapRefused } from '../../src/envoy/start/crash-policy.ts';
import { ConfigError } from '../../src/runtime/errors.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import type { GivenConfig } from './support/agent-config.ts';
import { AgentFolder, RunningAgent } from './support/running-agent.ts';

const CLOSED = { status: false, sds: false, xds: false };
const OPEN = { status: true, sds: true, xds: true };
const LIVE = /is live after/;

describe('runAgent', () => {
  let temporary: TemporaryDirectory;
  let folder: AgentFolder;
  beforeEach(async () => {
    temporary = await temporaryDirectory();
    folder = await AgentFolder.lay(temporary.path);
  });
  afterEach(() => temporary.remove());

  async function run(given: GivenConfig = {}): Promise<RunningAgent> {
    return new RunningAgent(folder, await folder.config(given));
  }

  it('opens what Envoy needs before Envoy, and closes it when Envoy has ended', async () => {
    await using agent = await run();
    await agent.logged(LIVE);

    agent.stop();

    deepEqual(await agent.end, { kind: 'drained' });
    deepEqual(agent.before, [OPEN]);
    deepEqual(agent.after, [{ sds: true, xds: true }]);
    deepEqual(await folder.openings(), CLOSED);
  });

  it('starts Envoy from the rendered bootstrap and removes it afterwards', async () => {
    await using agent = await run();
    await agent.logged(LIVE);
    const path = agent.commands[0]?.args[1] ?? '';

    await access(path);
    agent.stop();
    await agent.end;

    equal(path, join(folder.path, 'proxy/envoy-rev0.json'));
    deepEqual(await readdir(join(folder.path, 'proxy')), []);
  });

  it('warns of an excluded interface there is not', async () => {
    const config = await folder.config();
    const annotations = { 'traffic.sidecar.istio.io/excludeInterfaces': 'lo,no-such' };
    await using agent = new RunningAgent(folder, { ...config, pod: { ...config.pod, annotations } });

    await agent.running;

    const warnings = agent.recorded.messages('warn');
    ok(warnings.includes('excludeInterfaces names no interface of this pod: no-such'), warnings.join('\n'));
  });

  it('hands over its controls just before Envoy is started', async () => {
    await using agent = await run();

    await agent.running;
    const started = agent.envoys.length;
    const open = await folder.openings();

    equal(started, 0);
    deepEqual(open, OPEN);
  });

  it('drains the inbound side when it is told to stop', async () => {
    await using agent = await run();
    await agent.logged(LIVE);

    agent.stop();
    await agent.end;

    ok(folder.journal().includes('/drain_listeners?inboundonly&graceful&skip_exit'));
  });

  it('drains nothing when it is told to quit', async () => {
    await using agent = await run({ proxyConfig: { terminationDrainDuration: '3600s' } });
    await agent.logged(LIVE);

    (await agent.running).quit('/quitquitquit called');
    await agent.end;

    equal(folder.journal().filter((event) => event.startsWith('/drain')).length, 0);
  });

  it('asks for the configuration again before every Envoy but the first', async () => {
    await using agent = await run();
    await agent.logged(LIVE);
    equal(agent.reloads, 0);

    agent.envoys[0]?.signal('SIGKILL');
    await agent.logged(/epoch 0 \(generation 1\) is live/);

    equal(agent.reloads, 1);
    deepEqual(agent.before, [OPEN, OPEN]);
  });

  it('ends with Envoy when the policy is not to start it again', async () => {
    await using agent = await run({ env: { ENVOY_RESTART_POLICY: 'never' } });
    await agent.logged(LIVE);

    agent.envoys[0]?.signal('SIGKILL');

    deepEqual(await agent.end, { kind: 'exited', exit: { code: null, signal: 'SIGKILL' } });
    deepEqual(await folder.openings(), CLOSED);
  });

  it("fails with Envoy's own words when it refuses its first bootstrap, and leaves nothing", async () => {
    await folder.setTemplate({ fake: 'poison-early' });
    await using agent = await run();

    await rejects(agent.end, (error) => {
      match(String(error), /no such cluster/);
      return error instanceof BootstrapRefused;
    });
    deepEqual(await folder.openings(), CLOSED);
    deepEqual(await readdir(join(folder.path, 'proxy')), []);
  });

  describe('with a mistake in its configuration', () => {
    const mistakes: [string, GivenConfig, RegExp][] = [
      ['no Envoy', { env: { ENVOY_PATH: '/no/envoy' } }, /ENVOY_PATH \/no\/envoy cannot be run/],
      ['a missing root certificate', { env: { CA_ROOT_CA: '/no/root.pem' } }, /no\/root\.pem/],
      ['a template that is not there', { env: { ISTIO_BOOTSTRAP: '/no/template' } }, /no\/template/],
      ['an impossible key', { env: { WORKLOAD_RSA_KEY_SIZE: '100' } }, /100/],
    ];
    for (const [what, given, message] of mistakes) {
      it(`fails for ${what} before it opens anything`, async () => {
        // whoever tried to open the status port would fail for another reason
        const taken = createServer().listen(folder.statusPort, '::');
        await using agent = await run(given);

        await rejects(agent.end, message);
        taken.close();

        deepEqual(
          agent.recorded.messages().filter((text) => text.includes('status port')),
          [],
        );
        deepEqual(folder.sockets(), { sds: false, xds: false });
        equal(agent.commands.length, 0);
      });
    }
  });

  it('fails when the status port is taken, and starts nothing', async () => {
    const taken = createServer().listen(folder.statusPort, '::');
    await using agent = await run();

    await rejects(agent.end, (error) => {
      match(String(error), new RegExp(`Error listening on status port: port ${folder.statusPort} is in use`));
      return error instanceof ConfigError;
    });
    taken.close();

    deepEqual(folder.sockets(), { sds: false, xds: false });
    equal(agent.commands.length, 0);
  });

  it('closes what is open when the xDS proxy cannot listen', async () => {
    await writeFile(join(folder.path, 'proxy'), 'a file where the directory should be');
    await using agent = await run();

    await rejects(agent.end, /failed to start xds proxy/);

    deepEqual(await folder.openings(), CLOSED);
    equal(agent.commands.length, 0);
  });

  it('does not make Envoy wait for an SDS socket that cannot be opened, and ends in order meanwhile', async () => {
    await writeFile(join(folder.path, 'sds'), 'a file where the directory should be');
    await using agent = await run();
    await agent.logged(/SDS grpc server is not started yet, trying again/);
    await agent.logged(LIVE);

    agent.stop();

    deepEqual(await agent.end, { kind: 'drained' });
    deepEqual(agent.before, [{ ...OPEN, sds: false }]);
    deepEqual(await folder.openings(), CLOSED);
  });

  it('ends in order when it is told to quit before there is an Envoy', async () => {
    await using agent = await run();

    (await agent.running).quit('/quitquitquit called');

    deepEqual(await agent.end, { kind: 'drained' });
    deepEqual(await folder.openings(), CLOSED);
  });

  it('opens no status port when that is 0', async () => {
    const { proxyConfig, ...rest } = await folder.config();
    await using agent = new RunningAgent(folder, { ...rest, proxyConfig: { ...proxyConfig, statusPort: 0 } });
    await agent.logged(LIVE);

    deepEqual(agent.before, [{ ...OPEN, status: false }]);
  });
});
