import assert from 'node:assert/strict';

import { startStatus, type StatusFixture } from './fixtures/status-fixture.ts';

async function levels(status: StatusFixture, query = '', method = 'GET'): Promise<[number, unknown]> {
  const answer = await fetch(`${status.url}/debug/logging${query}`, { method });
  const body = await answer.text();
  return [answer.status, answer.ok ? JSON.parse(body) : body];
}

describe('/debug/logging', () => {
  it('tells the level of each scope', async () => {
    await using status = await startStatus();

    assert.deepEqual(await levels(status), [200, { default: 'info', dns: 'warn' }]);
  });

  it('sets those that are named, tells them, and logs it', async () => {
    await using status = await startStatus();

    assert.deepEqual(await levels(status, '?dns=debug', 'POST'), [200, { default: 'info', dns: 'debug' }]);
    assert.deepEqual(await levels(status), [200, { default: 'info', dns: 'debug' }]);
    assert.equal(status.logged.messages('info').at(-1), 'log levels set: dns=debug');
  });

  it('sets every scope by `level`, and what comes after it', async () => {
    await using status = await startStatus();

    const [, set] = await levels(status, '?level=error&dns=none', 'POST');

    assert.deepEqual(set, { default: 'error', dns: 'none' });
  });

  for (const [query, problem] of [
    ['?nosuch=debug', 'unknown scope "nosuch"; scopes: default, dns\n'],
    ['?dns=loud', 'unknown level "loud"; levels: none, error, warn, info, debug\n'],
    ['?dns=debug&default=', 'unknown level ""; levels: none, error, warn, info, debug\n'],
    ['', 'name a scope and its level, as in ?dns=debug, or ?level=debug for all\n'],
  ] as const) {
    it(`changes nothing by POST ${query}`, async () => {
      await using status = await startStatus();

      assert.deepEqual(await levels(status, query, 'POST'), [400, problem]);
      assert.deepEqual(await levels(status), [200, { default: 'info', dns: 'warn' }]);
    });
  }

  it('is read by GET, changed by POST, and nothing else', async () => {
    await using status = await startStatus();

    assert.deepEqual(await levels(status, '?dns=debug'), [200, { default: 'info', dns: 'warn' }]);
    assert.deepEqual(await levels(status, '?dns=debug', 'PUT'), [405, 'Method Not Allowed\n']);
  });
});
