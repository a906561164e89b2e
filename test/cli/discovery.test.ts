import assert from 'node:assert/strict';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { PassThrough } from 'node:stream';

import { StopRequested, type CliContext } from '../../src/cli/context.ts';
import { runProgram } from '../../src/cli/main.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(words: readonly string[], signal = new AbortController().signal): Promise<Run> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const context: CliContext = {
    argv: words,
    env: {},
    stdout,
    stderr,
    signal,
    onSignal: () => () => undefined,
    onExit: () => undefined,
  };
  const code = await runProgram(context);
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

describe('discovery', () => {
  it('prints a token and nothing else', async () => {
    await using directory = await temporaryDirectory();
    const flags = [
      '--state-dir',
      directory.path,
      '--namespace',
      'shop',
      '--service-account=web',
      '--ttl',
      '5m',
    ];

    const { code, stdout } = await run(['discovery', 'token', ...flags]);

    assert.equal(code, 0);
    assert.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  });

  const refusals = [
    { words: ['discovery'], message: '--config-dir is required' },
    { words: ['discovery', 'tokn'], message: 'unexpected argument "tokn"' },
    { words: ['discovery', 'token'], message: '--namespace and --service-account are required' },
    {
      words: ['discovery', 'token', '-n', 'a', '--service-account', 'b', 'c'],
      message: 'unexpected argument "c"',
    },
    {
      words: ['discovery', '--config-dir', '/nowhere', '--ca-key', 'x'],
      message: '--ca-cert and --ca-key go together',
    },
    { words: ['discovery', '--port', '70000'], message: /invalid argument "70000" for "--port" flag/ },
  ];
  for (const { words, message } of refusals) {
    it(`refuses ${words.join(' ')}`, async () => {
      const { code, stderr } = await run([...words, '--log_target', '/dev/null']);

      assert.equal(code, 255);
      assert.match(stderr, message instanceof RegExp ? message : new RegExp(`^Error: ${message}\n`));
    });
  }

  it('refuses a bad configuration file by name', async () => {
    await using directory = await temporaryDirectory();
    await writeFile(`${directory.path}/bad.yaml`, 'resource: []');
    const flags = ['--config-dir', directory.path, '--state-dir', `${directory.path}/state`, '--port=0'];

    const { code, stderr } = await run(['discovery', ...flags, '--log_target', '/dev/null']);

    assert.equal(code, 255);
    assert.match(stderr, /^Error: bad\.yaml:1: resource: unknown/);
  });

  it('runs until it is told to stop, and says where it listens', async () => {
    await using directory = await temporaryDirectory();
    await mkdir(`${directory.path}/config`);
    const stop = new AbortController();
    const log = `${directory.path}/log`;
    const flags = ['--config-dir', `${directory.path}/config`, '--state-dir', `${directory.path}/state`];

    const running = run(['discovery', ...flags, '--port=0', '--log_target', log], stop.signal);
    let text = '';
    while (!text.includes('clients must trust')) {
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
      text = await readFile(log, 'utf8').catch(() => '');
    }
    stop.abort(new StopRequested('SIGTERM'));

    assert.equal((await running).code, 0);
    assert.match(text, /discovery and CA listen on 127\.0\.0\.1:[1-9]/);
  });
});
