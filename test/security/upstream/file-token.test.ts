import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { FileToken } from '../../../src/security/upstream/file-token.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

describe('FileToken', () => {
  let directory: TemporaryDirectory;
  let path: string;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    path = join(directory.path, 'istio-token');
  });

  afterEach(() => directory.remove());

  it('reads the file at every call and trims it', async () => {
    const source = new FileToken({ path, clock: new FakeClock(), log: recordingLog().log });

    await writeFile(path, ' one\n');
    const before = await source.read();
    await writeFile(path, 'two');

    assert.deepEqual([before, await source.read()], ['one', 'two']);
  });

  it('has none while the file is missing, empty or no header text, and says each cause once', async () => {
    const { log, messages } = recordingLog();
    const source = new FileToken({ path, clock: new FakeClock(), log });
    const read: (string | undefined)[] = [];

    read.push(await source.read(), await source.read());
    await writeFile(path, '\n');
    read.push(await source.read(), await source.read());
    await writeFile(path, 'secret\nsecret');
    read.push(await source.read());
    await writeFile(path, 'good');
    await source.read();
    await rm(path);
    read.push(await source.read());

    assert.deepEqual(read, Array(6).fill(undefined));
    const warnings = messages('warn');
    assert.equal(warnings.length, 4);
    assert.ok(warnings.every((text) => text.startsWith('failed to fetch token from file: ')));
    assert.match(warnings[0] ?? '', /ENOENT/);
    assert.match(warnings[1] ?? '', /is empty$/);
    assert.match(warnings[2] ?? '', /cannot carry$/);
    assert.ok(!messages().join().includes('secret'));
  });
});
