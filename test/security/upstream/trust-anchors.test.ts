import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { readTrustAnchors, TrustAnchorError } from '../../../src/security/upstream/trust-anchors.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { makeAuthority } from '../authority.ts';

describe('readTrustAnchors', () => {
  let folder: TemporaryDirectory;
  let roots: string[];
  before(async () => {
    roots = [(await makeAuthority('one')).rootPem, (await makeAuthority('two')).rootPem];
  });
  beforeEach(async () => {
    folder = await temporaryDirectory();
  });
  afterEach(() => folder.remove());

  const file = (name: string) => ({ kind: 'file', path: join(folder.path, name), name }) as const;

  it('gives every certificate of the file', async () => {
    await writeFile(file('root.pem').path, `a comment\n${roots.join('\n')}`);

    assert.deepEqual(await readTrustAnchors(file('root.pem')), roots);
  });

  it('takes the first bundle of the system that is there, and not the one Node brings', async () => {
    const bundles = ['missing', 'first', 'second'].map((name) => file(name).path);
    await writeFile(file('first').path, roots[0] ?? '');
    await writeFile(file('second').path, roots[1] ?? '');

    assert.deepEqual(await readTrustAnchors({ kind: 'system' }, bundles), [roots[0]]);
  });

  it('fails without a certificate, without the file, and on a system without a bundle', async () => {
    await writeFile(file('root.pem').path, 'nothing');
    const failed = 'failed to create TLS dial option with root certificates: ';

    const [missing, gone, directory] = [file('missing'), file('gone'), file('directory')];
    await mkdir(directory.path);
    for (const [root, message] of [
      [file('root.pem'), /root\.pem: no certificate found$/],
      [missing, /missing: no such file$/],
      [directory, /directory: (?!no such file)/],
      [{ kind: 'system' }, /the system certificates: OS CA Cert could not be found for agent$/],
    ] as const) {
      await assert.rejects(readTrustAnchors(root, [missing.path, gone.path]), (error) => {
        assert.ok(error instanceof TrustAnchorError && error.message.startsWith(failed));
        assert.match(error.message, message);
        return true;
      });
    }
  });
});
