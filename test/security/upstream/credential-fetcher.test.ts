import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { openTokenSource } from '../../../src/security/upstream/credential-fetcher.ts';
import type { TokenQuestion } from '../../../src/security/upstream/gce-token.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const { signal } = new AbortController();

describe('openTokenSource', () => {
  async function tokenOf(fetcherType: string, metadataHost = '') {
    await using directory = await temporaryDirectory();
    const tokenPath = join(directory.path, 'token');
    await writeFile(tokenPath, 'of the file');
    const urls: string[] = [];
    const ask = async ({ url }: TokenQuestion): Promise<string> => {
      urls.push(new URL(url).host);
      return 'of the cloud';
    };
    const source = openTokenSource(
      { fetcherType, tokenPath, trustDomain: 'cluster.local', metadataHost },
      { ask, clock: new FakeClock(), log: recordingLog().log },
    );
    return { token: await source.read(signal), urls };
  }

  it('reads the file unless something else is asked for', async () => {
    assert.deepEqual(await tokenOf('JWT'), { token: 'of the file', urls: [] });
    assert.deepEqual(await tokenOf(''), { token: 'of the file', urls: [] });
  });

  it("asks Google's metadata server, or the one that is named", async () => {
    const usual = 'metadata.google.internal';

    assert.deepEqual(await tokenOf('GoogleComputeEngine'), { token: 'of the cloud', urls: [usual] });
    const named = await tokenOf('GoogleComputeEngine', '127.0.0.1:8080');
    assert.deepEqual(named, { token: 'of the cloud', urls: ['127.0.0.1:8080'] });
  });

  it("sends the reference's word as a mock", async () => {
    assert.deepEqual(await tokenOf('Mock'), { token: 'test_token', urls: [] });
  });
});
