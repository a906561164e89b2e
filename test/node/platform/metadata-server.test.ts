import { equal, rejects } from 'node:assert/strict';

import { askMetadataServer, metadataText } from '../../../src/node/platform/metadata-server.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { answersOf, fakeCloud } from './fake-clouds.ts';

const NEVER = new AbortController().signal;

describe('askMetadataServer', () => {
  it('gives the reply whatever its status', async () => {
    const replies = { 'PUT /a': { status: 400, headers: { 'x-kind': 'bad' }, body: 'no' } };
    await using cloud = await fakeCloud(answersOf(replies));
    const question = { url: `${cloud.url}/a`, method: 'PUT', timeoutMs: 1000 } as const;

    const { status, headers, body } = await askMetadataServer(question, systemClock(), NEVER);

    equal(status, 400);
    equal(headers['x-kind'], 'bad');
    equal(body, 'no');
  });

  it('sends the headers', async () => {
    await using cloud = await fakeCloud((_method, _url, { headers }) => ({
      body: String(headers['metadata']),
    }));
    const question = { url: cloud.url, headers: { Metadata: 'True' }, timeoutMs: 1000 };

    equal(await metadataText(question, systemClock(), NEVER), 'True');
  });

  it('waits as long as it may', async () => {
    const clock = new FakeClock();
    await using cloud = await fakeCloud(() => void clock.tick(100));

    await rejects(askMetadataServer({ url: cloud.url, timeoutMs: 100 }, clock, NEVER), {
      message: `no answer from ${cloud.url} within 100 ms`,
    });
  });

  it('ends with the reason of the signal, and leaves no timer behind', async () => {
    const clock = new FakeClock();
    const stop = new AbortController();
    await using cloud = await fakeCloud(() => {
      stop.abort(new Error('asked to'));
      return undefined;
    });

    await rejects(askMetadataServer({ url: cloud.url, timeoutMs: 100 }, clock, stop.signal), {
      message: 'asked to',
    });
    equal(clock.sleepers, 0);
  });

  it('refuses a document of more than a megabyte', async () => {
    await using cloud = await fakeCloud(() => ({ body: 'x'.repeat(1024 * 1024 + 1) }));

    await rejects(askMetadataServer({ url: cloud.url, timeoutMs: 5000 }, systemClock(), NEVER), {
      message: /longer than 1048576 bytes/,
    });
  });
});

describe('metadataText', () => {
  it('gives the trimmed body of a reply with status 200, and fails for others', async () => {
    await using cloud = await fakeCloud(answersOf({ 'GET /a': ' text\n' }));

    equal(await metadataText({ url: `${cloud.url}/a`, timeoutMs: 1000 }, systemClock(), NEVER), 'text');
    await rejects(metadataText({ url: `${cloud.url}/b`, timeoutMs: 1000 }, systemClock(), NEVER), {
      message: `${cloud.url}/b answered with status 404`,
    });
  });
});
