// Signals to a whole agent, as Kubernetes, an init, systemd and a terminal send them.

import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { Agent, get } from 'node:http';
import { join } from 'node:path';

import { AgentFolder } from '../agent/support/running-agent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { ProxyProcess } from './support/proxy-process.ts';

const EARLY_SIGTERM = join(import.meta.dirname, 'fixtures/early-sigterm.ts');
const AS_PID_1 = ['unshare', '--pid', '--fork', '--kill-child'] as const;
/** What readiness wants to see before it looks any further. */
const CONFIGURED = {
  '*': { stats: { 'cluster_manager.cds.update_success': 1, 'listener_manager.lds.update_success': 1 } },
};
const LONG_DRAIN = { proxyConfig: { terminationDrainDuration: '3600s' } };

describe('signals to proxy', () => {
  let temporary: TemporaryDirectory;
  let folder: AgentFolder;
  beforeEach(async () => {
    temporary = await temporaryDirectory();
    folder = await AgentFolder.lay(temporary.path);
  });
  afterEach(() => temporary.remove());

  /** Sends itself SIGTERM as soon as it can catch it, long before it has read its configuration. */
  async function endedEarly(launcher: readonly string[]) {
    const before = await readdir(folder.path, { recursive: true });
    await using proxy = new ProxyProcess(folder, { launcher, preload: EARLY_SIGTERM });
    const exit = await proxy.exit;
    const left = (await readdir(folder.path, { recursive: true })).filter((path) => !before.includes(path));
    return { exit, left, log: await proxy.log() };
  }

  it('end it with 0 before there is an Envoy, and nothing is left', async () => {
    const { exit, left, log } = await endedEarly([]);

    deepEqual(exit, [0, null]);
    deepEqual(left, ['log']); // not even the journal of an Envoy
    match(log, /Agent has successfully terminated\n$/);
  });

  it('end it with 0 as PID 1, to which only signals that it catches come', async function () {
    if (spawnSync(AS_PID_1[0], [...AS_PID_1.slice(1), 'true']).status !== 0) this.skip();

    const { exit } = await endedEarly(AS_PID_1);

    deepEqual(exit, [0, null]);
  });

  it('close the status port at once, and are the reason why nobody is ready; another SIGTERM changes nothing', async () => {
    const env = { FAKE_ENVOY_SCRIPT: JSON.stringify(CONFIGURED) };
    await using proxy = await ProxyProcess.live(folder, { ...LONG_DRAIN, env });
    const kept = new Agent({ keepAlive: true, maxSockets: 1 });
    const readyOver = (agent: Agent) =>
      statusOver(agent, `http://127.0.0.1:${folder.statusPort}/healthz/ready`);
    await readyOver(kept);

    proxy.child.kill('SIGTERM');
    await proxy.logged(/Graceful termination period is 1h0m0s/);

    await rejects(readyOver(new Agent()), { code: 'ECONNREFUSED' });
    equal(await readyOver(kept), 503);
    await proxy.logged(/NOT ready: server is terminated: received signal: terminated\n/);
    proxy.child.kill('SIGTERM');
    await proxy.logged(/another SIGTERM changes nothing/);
    equal(proxy.child.exitCode, null);
    proxy.child.kill('SIGINT'); // ends it now
    deepEqual(await proxy.exit, [0, null]);
    kept.destroy();
  });

  it('end it without waiting when SIGTERM comes twice and that is asked for', async () => {
    const env = { AGENT_SECOND_SIGNAL: 'abort' };
    await using proxy = await ProxyProcess.live(folder, { ...LONG_DRAIN, env });

    proxy.child.kill('SIGTERM');
    await proxy.logged(/Graceful termination period is/);
    proxy.child.kill('SIGTERM');

    deepEqual(await proxy.exit, [0, null]);
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`do not reach Envoy when ${signal} goes to the process group, so that it drains first`, async () => {
      await using proxy = await ProxyProcess.live(folder, { detached: true });
      const envoy = await proxy.envoyPid();
      equal(await sessionOf(envoy), envoy);

      process.kill(-proxy.pid, signal);

      deepEqual(await proxy.exit, [0, null]);
      const events = folder
        .journal()
        .filter((event) => event.startsWith('/drain') || event.startsWith('SIG'));
      match(events.join(' '), /^\/drain_listeners\S+ SIGTERM$/);
    });
  }
});

async function sessionOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[3]);
}

function statusOver(agent: Agent, url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume().once('end', () => resolve(response.statusCode));
    }).on('error', reject);
  });
}
