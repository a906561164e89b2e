import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { access, chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { AgentFolder } from '../agent/support/running-agent.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { ProxyProcess, type ProxyRun } from './support/proxy-process.ts';

/** An Envoy without anything: what it is asked for it passes, and what it is to serve it refuses. */
const CRASHING_ENVOY = `#!/bin/sh
case "$*" in
  *--mode*) ;;
  *--version*) echo 'envoy  version: 0/1.40.0/Fake/RELEASE' ;;
  *--hot-restart-version*) echo 11.104 >&2 ;;
  *) kill -SEGV $$ ;;
esac
`;

describe('the end of proxy', () => {
  let temporary: TemporaryDirectory;
  let folder: AgentFolder;
  let messagePath: string;
  beforeEach(async () => {
    temporary = await temporaryDirectory();
    folder = await AgentFolder.lay(temporary.path);
    messagePath = join(folder.path, 'termination-log');
    await writeFile(messagePath, '');
  });
  afterEach(() => temporary.remove());

  async function ended(run: ProxyRun): Promise<{ code: number | null; message: string; log: string }> {
    const env = { TERMINATION_MESSAGE_PATH: messagePath, ...run.env };
    await using proxy = new ProxyProcess(folder, { ...run, env });
    const [code] = await proxy.exit;
    return { code, message: await readFile(messagePath, 'utf8'), log: await proxy.log() };
  }

  const PROPAGATE = '--exit-code-policy=propagate';
  const crashes: [end: object, words: string, code: number, message: string][] = [
    [{ signal: 'SIGSEGV' }, '', 0, 'Envoy ended with SIGSEGV'],
    [{ signal: 'SIGSEGV' }, PROPAGATE, 139, 'Envoy ended with SIGSEGV'],
    [{ code: 3 }, PROPAGATE, 3, 'Envoy ended with code 3'],
    [{ code: 0 }, PROPAGATE, 0, ''],
  ];
  for (const [end, words, code, message] of crashes) {
    it(`is ${code} after ${JSON.stringify(end)} ${words}`, async () => {
      const script = JSON.stringify({ '*': { ends: { zone: 'C', ...end } } });

      const found = await ended({
        words: ['--restart-policy=never', words],
        env: { FAKE_ENVOY_SCRIPT: script },
      });

      deepEqual([found.code, found.message], [code, message]);
      equal(found.log.includes('Agent has successfully terminated'), false);
    });
  }

  it('is 255 when Envoy has crashed too often, and says so', async () => {
    const envoy = join(folder.path, 'envoy');
    await writeFile(envoy, CRASHING_ENVOY);
    await chmod(envoy, 0o755);

    const { code, message } = await ended({ env: { ENVOY_PATH: envoy, ENVOY_RESTART_BACKOFF_MAX: '1ms' } });

    equal(code, 255);
    match(message, /^Envoy with .+ ended too often and is not started again; last: signal SIGSEGV/);
  });

  it('is 255 for a first bootstrap that Envoy refuses, in its words, and it is not started again (U0)', async () => {
    await folder.setTemplate({ fake: 'poison' });

    const { code, message, log } = await ended({});

    equal(code, 255);
    match(message, /proxy\/envoy-rev0\.json: Protobuf message has unknown fields$/);
    match(log, /\terror\t[^\n]*proxy\/envoy-rev0\.json: Protobuf message has unknown fields\n$/);
    equal(folder.journal().filter((event) => event === 'started').length, 1);
  });

  it('leaves no secret and no more than Kubernetes reads of the reason', async () => {
    const secret = 'correct-horse-battery';
    const env = { ENVOY_PATH: `/no/${secret}/${'é'.repeat(3000)}`, DB_PASSWORD: secret };

    const { code, message } = await ended({ env });

    equal(code, 255);
    match(message, /^ENVOY_PATH \/no\/\*\*\*\/é+$/);
    const bytes = Buffer.byteLength(message);
    ok(bytes <= 4096 && bytes >= 4095, `${bytes} bytes`);
  });

  it('leaves no reason where there is no file for it', async () => {
    const none = join(folder.path, 'none');

    const found = await ended({
      words: ['--log_output_level=debug'],
      env: { ENVOY_PATH: '/no/envoy', TERMINATION_MESSAGE_PATH: none },
    });

    equal(found.code, 255);
    match(found.log, /\tdebug\tno termination message is left: ENOENT/);
    await access(none).then(
      () => ok(false, 'the file was made'),
      () => undefined, // as it should be
    );
  });
});
