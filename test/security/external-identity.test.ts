import { deepEqual, equal, rejects } from 'node:assert/strict';

import { ExternalIdentity } from '../../src/security/external-identity.ts';
import { SecretError } from '../../src/security/secret-item.ts';

describe('ExternalIdentity', () => {
  it('refuses every name, and signs nothing', async () => {
    const identity = new ExternalIdentity();

    await rejects(
      identity.get(),
      (error) => error instanceof SecretError && error.message === 'unknown resource',
    );
    await rejects(identity.rotateNow(), /not signed by this agent/);
    deepEqual([identity.facts().serial, identity.facts().uris], [undefined, []]);
  });

  it('runs until the signal', async () => {
    const stop = new AbortController();
    let over = false;

    const running = new ExternalIdentity().run(stop.signal).then(() => (over = true));
    await new Promise(setImmediate);
    equal(over, false);
    stop.abort();

    await running;
  });
});
