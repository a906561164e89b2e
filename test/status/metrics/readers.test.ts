import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage, type ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';

import { loopbackServer } from '../../support/http-server.ts';
import { startMergedPage } from '../fixtures/merged-page.ts';
import { endless, halfway, type Player } from '../fixtures/players.ts';

const APP = '# TYPE a counter\na 1\n';
const TIMEOUT = 'X-Prometheus-Scrape-Timeout-Seconds';

describe('MetricsPage and its readers', () => {
  it('lets go of all targets when the reader leaves, and blames none', async () => {
    const held: ServerResponse[] = [];
    const { promise: allAsked, resolve } = Promise.withResolvers<void>();
    const player: Player = (_request, response) => {
      held.push(response);
      if (held.length === 3) resolve();
    };
    await using page = await startMergedPage({ envoy: player, applications: [player, player] });
    const asked = get(page.url, { headers: { [TIMEOUT]: '30' } }).on('error', () => undefined);
    await allAsked;

    asked.destroy();

    await Promise.all(held.map((response) => once(response, 'close')));
    while (page.clock.sleepers > 0) await turn();
    assert.deepEqual(page.logged.messages('error'), []);
    assert.deepEqual(page.page.lastScrapes(), []);
  });

  it('asks nobody for a reader that has left before its turn', async () => {
    const asked: unknown[] = [];
    const player: Player = (request) => void asked.push(request);
    await using page = await startMergedPage({ applications: [player] });
    const { promise: served, resolve } = Promise.withResolvers<void>();
    await using server = await loopbackServer(async (request, response) => {
      leaving.destroy();
      await once(response, 'close');
      await page.page.serve(request, response);
      resolve();
    });
    const leaving = get(server.url).on('error', () => undefined);

    await served;

    assert.deepEqual(asked, []);
  });

  it('lets go of a target that streams when the reader leaves', async () => {
    const { player, half } = halfway(APP);
    await using page = await startMergedPage({ applications: [player] });
    const asked = get(page.url).on('error', () => undefined);
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    answer.on('error', () => undefined);

    asked.destroy();

    await once(await half, 'close');
    assert.deepEqual(page.logged.messages('error'), []);
  });

  it('keeps no more than a few reads of a page nobody takes', async () => {
    let sentBytes = 0;
    const counted = (bytes: number): void => void (sentBytes += bytes);
    await using page = await startMergedPage({ applications: [endless(counted)] });
    const asked = get(page.url, { agent: false }).on('error', () => undefined);
    const [answer] = (await once(asked, 'response')) as [IncomingMessage];
    answer.on('error', () => undefined).pause();

    for (let before = -1; before !== sentBytes;) {
      before = sentBytes;
      for (let turns = 0; turns < 100; turns += 1) await turn();
    }

    assert.ok(sentBytes < 64 * 1024 * 1024, `${sentBytes} bytes`); // sockets hold some MiB of it
    asked.destroy();
  });
});
