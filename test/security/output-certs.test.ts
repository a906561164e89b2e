// Numbers before titles are those of the list of behaviours in the security specification.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

import { OutputCerts, type OutputCertsSettings } from '../../src/security/output-certs.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { until } from './progress.ts';

const texts = { key: 'the key', chain: 'the chain', anchors: 'the anchors' };

describe('OutputCerts', () => {
  let directory: TemporaryDirectory;
  let clock: FakeClock;

  beforeEach(async () => {
    directory = await temporaryDirectory();
    clock = new FakeClock();
  });

  afterEach(() => directory.remove());

  function makeOutput(settings: Partial<OutputCertsSettings> = {}) {
    const recorded = recordingLog();
    const all = { directory: directory.path, mode: 0o600, ...settings };
    return { output: new OutputCerts(all, { clock, log: recorded.log }), recorded };
  }

  const pathOf = (name: string): string => join(directory.path, name);
  const inode = async (name: string): Promise<number> => (await stat(pathOf(name))).ino;

  for (const mode of [0o600, 0o644, 0o640]) {
    it(`29: writes exactly three files with mode 0${mode.toString(8)}`, async () => {
      const { output } = makeOutput({ mode });

      await output.write(texts);

      const names = (await readdir(directory.path)).sort();
      assert.deepEqual(names, ['cert-chain.pem', 'key.pem', 'root-cert.pem']);
      for (const name of names) assert.equal((await stat(pathOf(name))).mode & 0o777, mode);
      assert.equal(await readFile(pathOf('key.pem'), 'utf8'), 'the key');
    });
  }

  it('29: shows a key beside its own chain and anchors at all times, over 100 rotations', async () => {
    const { output } = makeOutput();
    await output.write({ key: '0', chain: '0', anchors: '0' });
    const seen = new Set<string>();
    const look = (): void => {
      const set = ['key.pem', 'cert-chain.pem', 'root-cert.pem'].map((name) =>
        readFileSync(pathOf(name), 'utf8'),
      );
      assert.equal(new Set(set).size, 1, `a set of ${set.join(', ')}`);
      seen.add(set[0] ?? '');
    };

    for (let i = 1; i <= 100; i++) {
      const written = output.write({ key: `${i}`, chain: `${i}`, anchors: `${i}` }).then(() => true);
      while (!(await Promise.race([written, turn(false)]))) look();
    }

    assert.ok(seen.size > 50, 'the reader looked between the writes');
    assert.equal(readFileSync(pathOf('key.pem'), 'utf8'), '100');
  });

  it('gives the files to a group', async () => {
    const groupId = (await stat(directory.path)).gid;
    const { output, recorded } = makeOutput({ mode: 0o640, groupId });

    await output.write(texts);

    assert.equal((await stat(pathOf('key.pem'))).gid, groupId);
    assert.deepEqual(recorded.messages(), []);
  });

  it('leaves a file alone whose bytes are the same, and one that is not given', async () => {
    const { output } = makeOutput();
    await output.write(texts);
    const [key, anchors] = [await inode('key.pem'), await inode('root-cert.pem')];

    await output.write({ anchors: texts.anchors });
    await output.write({ key: texts.key, chain: 'another chain' });

    assert.equal(await readFile(pathOf('cert-chain.pem'), 'utf8'), 'another chain');
    assert.deepEqual([await inode('key.pem'), await inode('root-cert.pem')], [key, anchors]);
  });

  it('writes the last of many sets that come at once, whole', async () => {
    const { output } = makeOutput();

    const sets = Array.from({ length: 20 }, (_, i) => ({ key: `k${i}`, chain: `c${i}`, anchors: `a${i}` }));
    await Promise.all(sets.map((set) => output.write(set)));

    const contents = ['key.pem', 'cert-chain.pem', 'root-cert.pem'].map((name) =>
      readFileSync(pathOf(name), 'utf8'),
    );
    assert.deepEqual(contents, ['k19', 'c19', 'a19']);
  });

  it('logs a failure once and without the key, and tries again until the files are there', async () => {
    const missing = pathOf('missing');
    const { output, recorded } = makeOutput({ directory: missing });

    await output.write(texts);
    assert.match(recorded.messages('error')[0] ?? '', /^error when output the resource: ENOENT/);
    assert.ok(!recorded.messages().join().includes('the key'));
    await clock.tick(30_000);
    await until(() => recorded.messages('debug').length === 1);
    await mkdir(missing);
    await clock.tick(30_000);
    await output.write({});

    assert.equal(await readFile(join(missing, 'key.pem'), 'utf8'), 'the key');
    assert.equal(clock.sleepers, 0);
    assert.equal(recorded.messages('error').length, 1);
  });

  it('leaves nothing half: one part that cannot be written keeps the others back', async () => {
    const { output, recorded } = makeOutput();
    await output.write(texts);
    await mkdir(pathOf('blocked'));
    const blocked = makeOutput({ directory: pathOf('blocked') });
    await mkdir(join(pathOf('blocked'), 'cert-chain.pem'));

    await blocked.output.write(texts);
    await blocked.output.close();

    assert.deepEqual(await readdir(pathOf('blocked')), ['cert-chain.pem']);
    assert.equal(blocked.recorded.messages('error').length, 1);
    assert.deepEqual(recorded.messages(), []);
  });

  it('tries no more once it is closed', async () => {
    const { output } = makeOutput({ directory: pathOf('missing') });
    await output.write(texts);

    await output.close();
    await output.close();

    assert.equal(clock.sleepers, 0);
  });

  it('replaces files that were there before', async () => {
    await writeFile(pathOf('key.pem'), 'an old key', { mode: 0o644 });
    const { output } = makeOutput();

    await output.write(texts);

    assert.equal(await readFile(pathOf('key.pem'), 'utf8'), 'the key');
    assert.equal((await stat(pathOf('key.pem'))).mode & 0o777, 0o600);
  });
});
