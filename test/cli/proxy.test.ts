import { deepEqual, equal, match } from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { runProgram } from '../../src/cli/main.ts';
import { findOnPath } from '../../src/envoy/process/binary.ts';
import { AgentFolder } from '../agent/support/running-agent.ts';
import { recordingContext } from '../support/cli-context.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { ProxyProcess } from './support/proxy-process.ts';

const LIVE = /is live after/;
/** Where Node listens when nobody has said otherwise. */
const DEBUGGER_PORT = 9229;

/** No file of a mesh is needed to find the next mistake. */
const SYSTEM_ROOTS = { CA_ROOT_CA: 'SYSTEM', XDS_ROOT_CA: 'SYSTEM' };

describe('proxy', () => {
  let temporary: TemporaryDirectory;
  let folder: AgentFolder;
  let log: string;
  beforeEach(async () => {
    temporary = await temporaryDirectory();
    folder = await AgentFolder.lay(temporary.path);
    log = join(folder.path, 'log');
  });
  afterEach(() => temporary.remove());

  describe('with a mistake', () => {
    async function fails(words: readonly string[], env: Parameters<AgentFolder['environment']>[0]) {
      const argv = ['proxy', ...words, '--log_target', log];
      const { context, stderr } = recordingContext(argv, folder.environment(env));
      const code = await runProgram(context);
      return { code, stderr: stderr(), logged: await readFile(log, 'utf8') };
    }

    const mistakes: [string, readonly string[], Parameters<AgentFolder['environment']>[0], RegExp][] = [
      ['an unknown kind of proxy', ['gateway'], {}, /^Error: invalid proxy Type: gateway\n$/],
      [
        'a PROXY_CONFIG that is not YAML',
        [],
        { PROXY_CONFIG: '{' },
        /^Error: failed to get proxy config: .+\n$/,
      ],
      [
        'an Envoy that is not there',
        [],
        { ...SYSTEM_ROOTS, ENVOY_PATH: '/no/envoy' },
        /^Error: ENVOY_PATH \/no\/envoy .+\n$/,
      ],
      ['two settings at odds', [], { PROV_CERT: '/x', FILE_MOUNTED_CERTS: 'true' }, /^Error: .+exclusive\n$/],
    ];
    for (const [what, words, env, message] of mistakes) {
      it(`ends with 255 and one line for ${what}`, async () => {
        const { code, stderr, logged } = await fails(words, env);

        equal(code, 255);
        match(stderr, message);
        match(logged, /\terror\t[^\n]+\n$/);
      });
    }

    it('ends with 255 when the status port is taken, and says what to do', async () => {
      const taken = createServer().listen(folder.statusPort, '::');

      const root = join(folder.path, 'var/run/secrets/istio/root-cert.pem');
      const { code, stderr } = await fails([], { CA_ROOT_CA: root, XDS_ROOT_CA: root });
      taken.close();

      equal(code, 255);
      match(stderr, /^Error: Error listening on status port: .+ set another statusPort in PROXY_CONFIG\n$/);
    });

    it('has logged flags, version and the flags it does not know before', async () => {
      const { logged } = await fails(['--domain=a.b', '--some-new-flag=1'], { ENVOY_PATH: '/no/envoy' });

      const lines = logged.split('\n').map((line) => line.split('\t').slice(1).join('\t'));
      match(lines[0] ?? '', /^info\tFLAG: --/);
      match(logged, /FLAG: --domain="a\.b"\n/);
      match(logged, /info\tVersion 1\.31\./);
      match(logged, /warn\tignored:? unknown flags:? --some-new-flag\n/);
    });
  });

  describe('running', () => {
    let proxy: ProxyProcess | undefined;
    afterEach(async () => {
      await proxy?.[Symbol.asyncDispose]();
      proxy = undefined;
    });

    async function start(
      words: readonly string[] = [],
      env: Readonly<Record<string, string>> = {},
      proxyConfig = {},
    ): Promise<ProxyProcess> {
      proxy = new ProxyProcess(folder, { words, env, proxyConfig });
      await proxy.logged(LIVE);
      return proxy;
    }

    it('drains and ends with 0 on SIGTERM, which needs no explanation', async () => {
      const messagePath = join(folder.path, 'termination-log');
      await writeFile(messagePath, '');
      const agent = await start([], { TERMINATION_MESSAGE_PATH: messagePath });

      agent.child.kill('SIGTERM');

      deepEqual(await agent.exit, [0, null]);
      match(await agent.log(), /Agent has successfully terminated\n$/);
      equal(await readFile(messagePath, 'utf8'), '');
      deepEqual(
        folder.journal().filter((event) => event.startsWith('/drain')),
        ['/drain_listeners?inboundonly&graceful&skip_exit'],
      );
    });

    it('ends without waiting for the drain when it is interrupted twice', async () => {
      const agent = await start([], {}, { terminationDrainDuration: '3600s' });

      agent.child.kill('SIGINT');
      await agent.logged(/Graceful termination period/);
      agent.child.kill('SIGINT');

      deepEqual(await agent.exit, [0, null]);
    });

    it('asks for a hot restart on SIGHUP', async () => {
      const agent = await start([], { ENVOY_HOT_RESTART: 'false' });

      agent.child.kill('SIGHUP');

      await agent.logged(/hot restart \(operator\) refused: hot restart is off/);
    });

    it('has Envoy open its log files anew on SIGUSR1, and no port for a debugger', async () => {
      const agent = await start();

      agent.child.kill('SIGUSR1');
      await until(() => folder.journal().includes('SIGUSR1'));

      const debuggerPort = connect(DEBUGGER_PORT, '127.0.0.1');
      const [error] = (await once(debuggerPort, 'error')) as [NodeJS.ErrnoException];
      equal(error.code, 'ECONNREFUSED');
    });

    it('keeps SIGUSR2 and SIGHUP from Envoy, which would die of the one and ignore the other', async () => {
      const agent = await start([], { ENVOY_HOT_RESTART: 'false' });
      const pid = await agent.envoyPid();

      agent.child.kill('SIGHUP');
      agent.child.kill('SIGUSR2');
      await agent.logged(/no new certificate/);

      equal(process.kill(pid, 0), true);
      equal((await agent.log()).includes('eating SIGHUP'), false);
    });

    it('takes an Envoy that cannot hand over along when it is killed', async function () {
      if ((await findOnPath('setpriv', process.env.PATH)) === undefined) this.skip();
      const agent = await start(['--hot-restart=false']);
      const pid = await agent.envoyPid();

      agent.child.kill('SIGKILL');
      await agent.exit;

      await until(async () => !(await isRunning(pid)));
    });

    const refusals: [words: readonly string[], code: number][] = [
      [[], 0],
      [['--exit-code-policy=propagate'], 255],
    ];
    for (const [words, code] of refusals) {
      it(`ends with ${code} when Envoy refuses its first bootstrap under the policy never ${words.join('')} (U0)`, async () => {
        await folder.setTemplate({ fake: 'poison' });
        proxy = new ProxyProcess(folder, { words: ['--restart-policy=never', ...words] });

        deepEqual(await proxy.exit, [code, null]);
      });
    }

    it('starts an Envoy again that was killed before it was live (U0)', async () => {
      const script = JSON.stringify({ 0: [{ ends: { zone: 'A', signal: 'SIGKILL' } }, {}] });

      const agent = await start([], { FAKE_ENVOY_SCRIPT: script });

      await agent.logged(/Envoy is started again in [\d.]+ms: signal SIGKILL before it was live/);
    });
  });
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + 15_000;
  while (!(await condition())) {
    if (performance.now() > deadlineMs) throw new Error('waited in vain');
    await sleep(5);
  }
}

/** A process that has ended and that nobody has taken notice of does not run. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z'); // gone altogether
  return !/\) Z/.test(stat);
}
