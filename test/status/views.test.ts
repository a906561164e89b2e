import assert from 'node:assert/strict';

import { startStatus } from './fixtures/status-fixture.ts';

async function* pieces(...texts: readonly string[]): AsyncGenerator<string> {
  yield* texts;
}

describe('debug pages', () => {
  it('show the supervisor, the xDS streams and the certificates as JSON', async () => {
    await using status = await startStatus();

    assert.deepEqual(await (await fetch(`${status.url}/debug/envoyz`)).json(), { phase: 'RUNNING' });
    assert.deepEqual(await (await fetch(`${status.url}/debug/xds`)).json(), { generations: [] });
    assert.deepEqual(await (await fetch(`${status.url}/debug/certs`)).json(), [{ resource: 'default' }]);
    assert.deepEqual(await (await fetch(`${status.url}/debug/startup`)).json(), { ready: true });
  });

  it('show the name table as it is written, and none as an empty object', async () => {
    await using status = await startStatus();
    const views = { ...status.views, nameTable: () => pieces('{"table":', '{}}') };
    await using named = await startStatus({ views });

    const [none, some] = await Promise.all([status, named].map(({ url }) => fetch(`${url}/debug/ndsz`)));

    assert.deepEqual([none?.status, await none?.text()], [404, '{}']);
    assert.deepEqual([some?.status, await some?.text()], [200, '{"table":{}}']);
    for (const answer of [none, some]) assert.equal(answer?.headers.get('content-type'), 'application/json');
  });

  it('show what is known of one name, and an empty object where nobody answers names', async () => {
    await using status = await startStatus();
    const views = { ...status.views, nameReport: async (name: string) => ({ name }) };
    await using named = await startStatus({ views });

    const [none, some] = await Promise.all(
      [status, named].map(({ url }) => fetch(`${url}/debug/ndsz?host=${encodeURIComponent('a.b+c')}`)),
    );

    assert.deepEqual([none?.status, await none?.text()], [404, '{}']);
    assert.deepEqual([some?.status, await some?.json()], [200, { name: 'a.b+c' }]);
  });

  it('say nothing of a caller who leaves before the end of the name table', async () => {
    const left = Promise.withResolvers<void>();
    async function* endless(): AsyncGenerator<string> {
      try {
        for (;;) yield 'x'.repeat(100_000);
      } finally {
        left.resolve();
      }
    }
    await using plain = await startStatus();
    await using status = await startStatus({ views: { ...plain.views, nameTable: endless } });
    const leaving = new AbortController();

    const answer = await fetch(`${status.url}/debug/ndsz`, { signal: leaving.signal });
    leaving.abort();
    await left.promise;
    await new Promise(setImmediate);

    assert.equal(answer.status, 200);
    assert.deepEqual(status.logged.messages('error'), []);
  });

  it('mask what looks like a secret', async () => {
    await using plain = await startStatus();
    const views = {
      ...plain.views,
      certificateFacts: () => ({ lastError: 'refused eyJhbGciOi.eyJpc3Mi.c2ln' }),
    };
    await using status = await startStatus({ views });

    assert.deepEqual(await (await fetch(`${status.url}/debug/certs`)).json(), { lastError: 'refused ***' });
  });

  it('break off where a part throws in the middle', async () => {
    async function* halfTable(): AsyncGenerator<string> {
      yield 'x'.repeat(5000);
      throw new Error('broken');
    }
    await using plain = await startStatus();
    await using status = await startStatus({ views: { ...plain.views, nameTable: halfTable } });

    await assert.rejects(async () => (await fetch(`${status.url}/debug/ndsz`)).text());
    assert.match(status.logged.messages('error')[0] ?? '', /^\/debug\/ndsz failed: Error: broken/);
  });

  it('give 500 and a log line when a part throws, and the server lives on', async () => {
    const views = {
      envoySnapshot: () => Promise.reject(new Error('broken')),
      certificateFacts: () => [],
      lastUpstreamError: () => undefined,
      xdsStreams: () => undefined,
      nameTable: () => undefined,
      nameReport: () => undefined,
      startup: () => undefined,
    };
    await using status = await startStatus({ views });

    assert.equal((await fetch(`${status.url}/debug/envoyz`)).status, 500);
    assert.match(status.logged.messages('error')[0] ?? '', /^\/debug\/envoyz failed: Error: broken/);
    assert.equal((await fetch(`${status.url}/healthz/ready`)).status, 200);
  });
});
