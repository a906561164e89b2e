import { deepEqual, equal, match } from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';

import { runProgram } from '../../src/cli/main.ts';
import { findOnPath } from '../../src/envoy/process/binary.ts';
import { AgentFolder } from '../agent/support/running-agent.ts';
import { recordingContext } from '../support/cli-context.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

const AGENT = join(import.meta.dirname, '../../src/cli/agent.ts');
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
    let child: ChildProcess | undefined;
    afterEach(async () => {
      if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    });

    function run(words: readonly string[], env: object, proxyConfig: object): ChildProcess {
      return spawn(process.execPath, [AGENT, 'proxy', 'sidecar', ...words, `--log_target=${log}`], {
        cwd: folder.path,
        env: folder.environment({ ...env }, proxyConfig),
        stdio: 'ignore',
      });
    }

    async function start(words: readonly string[] = [], env = {}, proxyConfig = {}): Promise<ChildProcess> {
      child = run(words, env, proxyConfig);
      await logged(LIVE);
      return child;
    }

    /** Waits for a line in the log and gives its first match. */
    async function logged(text: RegExp): Promise<string> {
      const deadline = performance.now() + 15_000;
      for (;;) {
        const all = await readFile(log, 'utf8').catch(() => '');
        const found = text.exec(all);
        if (found) return found[1] ?? '';
        if (performance.now() > deadline) throw new Error(`not logged: ${text}\n${all}`);
        await new Promise((resolve) => {
          setTimeout(resolve, 10);
        });
      }
    }

    async function envoyPid(): Promise<number> {
      return Number(await logged(/Envoy epoch 0 \(generation 0\) started: start\tpid=(\d+)/));
    }

    it('drains and ends with 0 on SIGTERM', async () => {
      const agent = await start();

      agent.kill('SIGTERM');

      deepEqual(await once(agent, 'exit'), [0, null]);
      match(await readFile(log, 'utf8'), /Agent has successfully terminated\n$/);
      deepEqual(
        folder.journal().filter((event) => event.startsWith('/drain')),
        ['/drain_listeners?inboundonly&graceful'],
      );
    });

    it('ends without waiting for the drain when it is interrupted twice', async () => {
      const agent = await start([], {}, { terminationDrainDuration: '3600s' });

      agent.kill('SIGINT');
      await logged(/Graceful termination period/);
      agent.kill('SIGINT');

      deepEqual(await once(agent, 'exit'), [0, null]);
    });

    it('asks for a hot restart on SIGHUP', async () => {
      const agent = await start([], { ENVOY_HOT_RESTART: 'false' });

      agent.kill('SIGHUP');

      await logged(/hot restart \(operator\) refused: hot restart is off/);
    });

    it('has Envoy open its log files anew on SIGUSR1, and no port for a debugger', async () => {
      const agent = await start();

      agent.kill('SIGUSR1');
      while (!folder.journal().includes('SIGUSR1')) await new Promise(setImmediate);

      const debuggerPort = connect(DEBUGGER_PORT, '127.0.0.1');
      const [error] = (await once(debuggerPort, 'error')) as [NodeJS.ErrnoException];
      equal(error.code, 'ECONNREFUSED');
    });

    it('keeps SIGUSR2 and SIGHUP from Envoy, which would die of the one and ignore the other', async () => {
      const agent = await start([], { ENVOY_HOT_RESTART: 'false' });
      const pid = await envoyPid();

      agent.kill('SIGHUP');
      agent.kill('SIGUSR2');
      await logged(/no new certificate/);

      equal(process.kill(pid, 0), true);
      equal((await readFile(log, 'utf8')).includes('eating SIGHUP'), false);
    });

    it('takes an Envoy that cannot hand over along when it is killed', async function () {
      if ((await findOnPath('setpriv', process.env.PATH)) === undefined) this.skip();
      const agent = await start(['--hot-restart=false']);
      const pid = await envoyPid();

      agent.kill('SIGKILL');
      await once(agent, 'exit');

      while (await isRunning(pid)) await new Promise(setImmediate);
    });

    it('ends with 255 and the words of Envoy, and does not try again, when it refuses its first bootstrap (U0)', async () => {
      await folder.setTemplate({ fake: 'poison' });
      child = run([], {}, {});

      deepEqual(await once(child, 'exit'), [255, null]);
      const lines = (await readFile(log, 'utf8')).trim().split('\n');
      match(lines.at(-1) ?? '', /\terror\t.*proxy\/envoy-rev0\.json: Protobuf message has unknown fields$/);
      equal(folder.journal().filter((event) => event === 'started').length, 1);
    });

    it('ends with 0 when Envoy refuses its first bootstrap under the policy never, as upstream (U0)', async () => {
      await folder.setTemplate({ fake: 'poison' });
      child = run(['--restart-policy=never'], {}, {});

      deepEqual(await once(child, 'exit'), [0, null]);
    });

    it('starts an Envoy again that was killed before it was live (U0)', async () => {
      const script = JSON.stringify({ 0: [{ ends: { zone: 'A', signal: 'SIGKILL' } }, {}] });

      await start([], { FAKE_ENVOY_SCRIPT: script });

      await logged(/Envoy is started again in [\d.]+ms: signal SIGKILL before it was live/);
    });

    const ends: [string, readonly string[], number][] = [
      ['0', [], 0],
      ["Envoy's own end", ['--exit-code-policy=propagate'], 137],
    ];
    for (const [what, words, code] of ends) {
      it(`ends with ${what} when Envoy was killed and ${words.join('') || 'nothing else is asked'}`, async () => {
        const agent = await start(['--restart-policy=never', ...words]);

        process.kill(await envoyPid(), 'SIGKILL');

        deepEqual(await once(agent, 'exit'), [code, null]);
      });
    }
  });
});

/** A process that has ended and that nobody has taken notice of does not run. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ') Z'); // gone altogether
  return !/\) Z/.test(stat);
}
