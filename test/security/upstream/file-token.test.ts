import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { FileToken } from '../../../src/security/upstream/file-token.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../progress.ts';
import { unsignedToken } from './tokens.ts';

const MINUTE_MS = 60_000;

describe('FileToken', () => {
  let directory: TemporaryDirectory;
  let path: string;
  let clock: FakeClock;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = join(directory.path, 'istio-token');
    clock = new FakeClock();
  });

  afterEach(() => directory.remove());

  function makeToken() {
    const { log, messages: logged } = recordingLog();
    return { token: new FileToken({ path, clock, log }), logged };
  }

  it('is read at every call and trimmed', async () => {
    const { token } = makeToken();

    await writeFile(path, ' one\n');
    const before = await token.read();
    await writeFile(path, 'two');

    assert.deepEqual([before, await token.read()], ['one', 'two']);
  });

  it('is none while the file is missing, empty or no header text, and says each cause once', async () => {
    const { token, logged } = makeToken();
    const read: (string | undefined)[] = [];

    read.push(await token.read(), await token.read());
    await writeFile(path, '\n');
    read.push(await token.read(), await token.read());
    await writeFile(path, 'secret\nsecret');
    read.push(await token.read());
    await writeFile(path, 'good');
    await token.read();
    await rm(path);
    read.push(await token.read());

    assert.deepEqual(read, Array(6).fill(undefined));
    const warnings = logged('warn');
    assert.equal(warnings.length, 4);
    assert.ok(warnings.every((text) => text.startsWith('failed to fetch token from file: ')));
    assert.match(warnings[0] ?? '', /ENOENT/);
    assert.match(warnings[1] ?? '', /is empty$/);
    assert.match(warnings[2] ?? '', /cannot carry$/);
    assert.ok(!logged().join().includes('secret'));
  });

  it('is none while a FIFO, a loop of links or a large file stands at its path', async () => {
    const { token, logged } = makeToken();
    const makers = [
      () => promisify(execFile)('mkfifo', [path]),
      () => symlink(path, path),
      () => writeFile(path, 'a'.repeat(1024 * 1024 + 1)),
    ];

    for (const make of makers) {
      await make();
      assert.equal(await token.read(), undefined);
      await rm(path);
    }

    const [fifo, loop, large] = logged('warn');
    assert.match(fifo ?? '', /is not a regular file$/);
    assert.match(loop ?? '', /ELOOP/);
    assert.match(large ?? '', /is larger than 1 MiB$/);
  });

  it('is sent although it has expired, with one warning per version that does not show it', async () => {
    const { token, logged } = makeToken();
    const [first, second] = [unsignedToken(clock.now() - 1000), unsignedToken(clock.now() - 1)];

    await writeFile(path, first);
    assert.deepEqual([await token.read(), await token.read()], [first, first]);
    await writeFile(path, second);
    assert.equal(await token.read(), second);

    assert.deepEqual(logged('warn'), [
      `the token in ${path} has expired: exp 2025-12-31T23:59:59.000Z, aud ["istio-ca"]`,
      `the token in ${path} has expired: exp 2025-12-31T23:59:59.999Z, aud ["istio-ca"]`,
    ]);
    assert.equal(token.expiresMs, clock.now() - 1);
  });

  it('is watched: that it expires and that it was replaced is known without a call', async () => {
    const { token, logged } = makeToken();
    const stop = new AbortController();
    await writeFile(path, unsignedToken(clock.now() + 1.5 * MINUTE_MS));
    const watching = token.run(stop.signal);
    const minute = async (): Promise<void> => {
      await clock.tick(MINUTE_MS);
      await until(() => clock.sleepers === 1);
    };

    await minute();
    const before = logged('warn').length;
    await minute();
    const after = logged('warn').length;
    const renewedMs = clock.now() + 100 * MINUTE_MS;
    await writeFile(path, unsignedToken(renewedMs));
    await minute();
    await rm(path);
    await minute();

    assert.deepEqual([before, after], [0, 1]);
    assert.equal(token.expiresMs, renewedMs);
    assert.equal(logged('warn').length, 1, 'a missing token is told by whoever needs it');
    stop.abort(new Error('enough'));
    await assert.rejects(watching, { message: 'enough' });
  });

  it('says nothing of a token that is no JWT', async () => {
    const { token, logged } = makeToken();
    await writeFile(path, 'opaque');

    assert.equal(await token.read(), 'opaque');
    assert.equal(token.expiresMs, undefined);
    assert.deepEqual(logged(), []);
  });
});
