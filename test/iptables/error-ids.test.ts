import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { ERROR_KINDS } from '../../iptables/error-ids.ts';
import { CaptureError } from '../../iptables/errors.ts';

const README = join(import.meta.dirname, '../../README.md');

describe('ERROR_KINDS', () => {
  it('is the table of the README', async () => {
    const readme = await readFile(README, 'utf8');
    const listed = readme.split('\n').filter((line) => line.startsWith('| `IPT-'));

    const rows = Object.entries(ERROR_KINDS).map(
      ([id, kind]) => `| \`${id}\` | ${kind.meaning} | ${kind.remedy} |`,
    );
    assert.deepEqual(listed, rows);
  });

  it('is sorted, and says things in one line', () => {
    const ids = Object.keys(ERROR_KINDS);

    assert.deepEqual(ids, ids.toSorted());
    for (const { meaning, remedy } of Object.values(ERROR_KINDS))
      assert.doesNotMatch(meaning + remedy, /[\n|]|\.$/);
  });
});

describe('CaptureError', () => {
  it('puts id, cause and remedy in one line, whatever the cause ends with', () => {
    const { line } = new CaptureError('nft is too old.', { id: 'IPT-OLD-NFT' });

    assert.equal(line, '[IPT-OLD-NFT] nft is too old; use a newer image, or leave --native-nftables out');
  });
});
