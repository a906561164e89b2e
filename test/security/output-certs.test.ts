import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { OutputCerts } from '../../src/security/output-certs.ts';
import { recordingLog } from '../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';

const texts = { key: 'the key', chain: 'the chain', anchors: 'the anchors' };

describe('OutputCerts', () => {
  let directory: TemporaryDirectory;

  beforeEach(async () => {
    directory = await temporaryDirectory();
  });

  afterEach(() => directory.remove());

  const inode = async (name: string): Promise<number> => (await stat(join(directory.path, name))).ino;

  for (const mode of [0o600, 0o644]) {
    it(`writes exactly three files with mode 0${mode.toString(8)}`, async () => {
      const output = new OutputCerts({ directory: directory.path, mode }, recordingLog());

      await output.write(texts);

      const names = (await readdir(directory.path)).sort();
      assert.deepEqual(names, ['cert-chain.pem', 'key.pem', 'root-cert.pem']);
      for (const name of names) assert.equal((await stat(join(directory.path, name))).mode & 0o777, mode);
      assert.equal(await readFile(join(directory.path, 'key.pem'), 'utf8'), 'the key');
    });
  }

  it('leaves a file alone whose bytes are the same', async () => {
    const output = new OutputCerts({ directory: directory.path, mode: 0o600 }, recordingLog());
    await output.write(texts);
    const [chain, anchors] = [await inode('cert-chain.pem'), await inode('root-cert.pem')];

    await output.write({ ...texts, chain: 'another chain' });

    assert.notEqual(await inode('cert-chain.pem'), chain);
    assert.equal(await inode('root-cert.pem'), anchors);
  });

  it('writes one set after the other', async () => {
    const output = new OutputCerts({ directory: directory.path, mode: 0o600 }, recordingLog());

    const sets = Array.from({ length: 20 }, (_, i) => ({ key: `k${i}`, chain: `c${i}`, anchors: `a${i}` }));
    await Promise.all(sets.map((set) => output.write(set)));

    for (const [name, content] of [
      ['key.pem', 'k19'],
      ['cert-chain.pem', 'c19'],
      ['root-cert.pem', 'a19'],
    ] as const) {
      assert.equal(await readFile(join(directory.path, name), 'utf8'), content);
    }
  });

  it('logs a failure without the key, and works again afterwards', async () => {
    const { log, messages } = recordingLog();
    const missing = join(directory.path, 'missing');
    const output = new OutputCerts({ directory: missing, mode: 0o600 }, { log });

    await output.write(texts);

    assert.match(messages('error')[0] ?? '', /^error when output the resource: ENOENT/);
    assert.ok(!messages().join().includes('the key'));
  });
});
