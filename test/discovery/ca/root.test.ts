import assert from 'node:assert/strict';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openRoot } from '../../../src/discovery/ca/root.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const NOW_MS = Date.UTC(2026, 5, 1);
const YEAR_MS = 365 * 24 * 3_600_000;

describe('openRoot', () => {
  it('makes a root at the first start, with a key only its owner may read, and keeps it', async () => {
    await using directory = await temporaryDirectory();

    const made = await openRoot(directory.path, undefined, NOW_MS);
    const kept = await openRoot(directory.path, undefined, NOW_MS);

    assert.equal(made.certificate.ca, true);
    assert.equal(kept.certificate.fingerprint256, made.certificate.fingerprint256);
    assert.equal((await stat(join(directory.path, 'root-key.pem'))).mode & 0o777, 0o600);
    assert.equal((await stat(join(directory.path, 'root-cert.pem'))).mode & 0o777, 0o644);
  });

  it('takes a root given as files and leaves its certificate for mounting', async () => {
    await using theirs = await temporaryDirectory();
    await using ours = await temporaryDirectory();
    const made = await openRoot(theirs.path, undefined, NOW_MS);
    const files = filesOf(theirs.path);

    const root = await openRoot(ours.path, files, NOW_MS);

    assert.equal(root.certificate.fingerprint256, made.certificate.fingerprint256);
    assert.equal(await readFile(join(ours.path, 'root-cert.pem'), 'utf8'), made.certificate.toString());
    await assert.rejects(stat(join(ours.path, 'root-key.pem')), { code: 'ENOENT' });
  });

  it('refuses a key that belongs to another certificate, without showing it', async () => {
    await using theirs = await temporaryDirectory();
    await using others = await temporaryDirectory();
    await openRoot(theirs.path, undefined, NOW_MS);
    await openRoot(others.path, undefined, NOW_MS);
    const files = { certificate: filesOf(theirs.path).certificate, key: filesOf(others.path).key };

    await assert.rejects(openRoot(theirs.path, files, NOW_MS), {
      name: 'ConfigError',
      message: `${files.key} is not the key of ${files.certificate}`,
    });
  });

  it('refuses a root that has ended', async () => {
    await using directory = await temporaryDirectory();
    await openRoot(directory.path, undefined, NOW_MS);

    await assert.rejects(openRoot(directory.path, undefined, NOW_MS + 11 * YEAR_MS), /is not valid now/);
  });

  it('refuses files that are missing or hold something else', async () => {
    await using directory = await temporaryDirectory();
    const files = filesOf(directory.path);

    await assert.rejects(openRoot(directory.path, files, NOW_MS), /^ConfigError: there is no file /);
    await writeFile(files.certificate, 'nothing');
    await assert.rejects(openRoot(directory.path, files, NOW_MS), /root-cert\.pem: no certificate found$/);
  });
});

function filesOf(directory: string): { certificate: string; key: string } {
  return { certificate: join(directory, 'root-cert.pem'), key: join(directory, 'root-key.pem') };
}
