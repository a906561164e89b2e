import assert from 'node:assert/strict';

import { issueToken } from '../../src/discovery/token.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<
    string,
    unknown
  >;
}

describe('issueToken', () => {
  it('writes the claims of a projected service account token', async () => {
    await using directory = await temporaryDirectory();
    const clock = new FakeClock();
    const request = { stateDirectory: `${directory.path}/new`, namespace: 'shop', serviceAccount: 'web' };

    const claims = claimsOf(await issueToken({ ...request, ttlMs: 60_000 }, clock));

    const issuedAt = clock.now() / 1000;
    assert.deepEqual(claims, {
      'kubernetes.io': { namespace: 'shop', serviceaccount: { name: 'web' } },
      iss: 'sidecar-agent/discovery',
      aud: 'istio-ca',
      sub: 'system:serviceaccount:shop:web',
      iat: issuedAt,
      exp: issuedAt + 60,
    });
  });

  it('refuses names no service account can have, and no lifetime', async () => {
    await using directory = await temporaryDirectory();
    const request = { stateDirectory: directory.path, namespace: 'shop', serviceAccount: 'web', ttlMs: 1000 };

    await assert.rejects(issueToken({ ...request, namespace: 'a/b' }, new FakeClock()), {
      name: 'ConfigError',
    });
    await assert.rejects(issueToken({ ...request, ttlMs: 999 }, new FakeClock()), /at least 1s/);
  });
});
