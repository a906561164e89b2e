import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { TokenIssuer } from '../../../src/discovery/auth/token-issuer.ts';
import { parseKeySet, TokenVerifier } from '../../../src/discovery/auth/token-verifier.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const IDENTITY = { namespace: 'shop', serviceAccount: 'web' };

interface Fixture {
  readonly clock: FakeClock;
  readonly issuer: TokenIssuer;
  readonly verifier: TokenVerifier;
}

async function fixture(): Promise<Fixture> {
  await using directory = await temporaryDirectory();
  const clock = new FakeClock();
  const issuer = await TokenIssuer.open(directory.path);
  const keySets = [{ keys: [await issuer.publicKey()] }];
  return { clock, issuer, verifier: new TokenVerifier({ keySets, now: () => clock.now() }) };
}

describe('TokenVerifier', () => {
  it('finds the identity in a token of the issuer', async () => {
    const { clock, issuer, verifier } = await fixture();
    const token = await issuer.issue(IDENTITY, clock.now(), 60);

    assert.deepEqual(await verifier.verify(`Bearer ${token}`), IDENTITY);
    assert.deepEqual(await verifier.verify(`bearer ${token}`), IDENTITY);
  });

  it('refuses a token that has ended', async () => {
    const { clock, issuer, verifier } = await fixture();
    const token = await issuer.issue(IDENTITY, clock.now(), 60);
    await clock.tick(66_000);

    await assert.rejects(verifier.verify(`Bearer ${token}`), {
      name: 'AuthenticationError',
      message: 'the token is not valid: "exp" claim timestamp check failed',
    });
  });

  it('refuses a token of another key', async () => {
    const { clock, verifier } = await fixture();
    const stranger = (await fixture()).issuer;
    const token = await stranger.issue(IDENTITY, clock.now(), 60);

    await assert.rejects(verifier.verify(`Bearer ${token}`), /the token is signed with an unknown key$/);
  });

  it('refuses a token whose content was changed', async () => {
    const { clock, issuer, verifier } = await fixture();
    const [head, , signature] = (await issuer.issue(IDENTITY, clock.now(), 60)).split('.');
    const [, body] = (await issuer.issue({ ...IDENTITY, namespace: 'bank' }, clock.now(), 60)).split('.');

    await assert.rejects(verifier.verify(`Bearer ${head}.${body}.${signature}`), /signature/);
  });

  it('refuses a subject that would bend the SPIFFE id', async () => {
    const { clock, issuer, verifier } = await fixture();
    const token = await issuer.issue({ namespace: 'shop/sa/root', serviceAccount: 'web' }, clock.now(), 60);

    await assert.rejects(
      verifier.verify(`Bearer ${token}`),
      /the subject of the token is not a service account/,
    );
  });

  it('says when there is no token, and never repeats one', async () => {
    const { verifier } = await fixture();

    await assert.rejects(verifier.verify(undefined), /no token was sent$/);
    await assert.rejects(verifier.verify('Basic c2VjcmV0'), /no Bearer token was sent$/);
    await assert.rejects(
      verifier.verify('Bearer not.a.token'),
      (error: Error) => !error.message.includes('not.a.token'),
    );
  });
});

describe('TokenIssuer', () => {
  it('keeps its key in a file only the owner may read', async () => {
    await using directory = await temporaryDirectory();

    const first = await (await TokenIssuer.open(directory.path)).publicKey();
    const second = await (await TokenIssuer.open(directory.path)).publicKey();

    assert.deepEqual(second, first);
    assert.equal((await stat(join(directory.path, 'token-key.pem'))).mode & 0o777, 0o600);
  });
});

describe('parseKeySet', () => {
  it('refuses text that is no JWKS by the name of its file', () => {
    assert.throws(() => parseKeySet('{', 'keys.json'), /^ConfigError: keys\.json is not JSON/);
    assert.throws(() => parseKeySet('{"keys": []}', 'keys.json'), /keys\.json is not a JWKS/);
  });
});
