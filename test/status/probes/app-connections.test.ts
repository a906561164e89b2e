import { deepEqual, equal } from 'node:assert/strict';

import { startProbing } from './fixtures/probing.ts';
import { sampleApp, type SampleApp } from './fixtures/sample-app.ts';
import { until } from './fixtures/until.ts';

const KEPT = { keepAlive: true };

/** Node's agent puts a connection back a moment after the answer. */
const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

function portsOf({ seen }: SampleApp): number {
  return new Set(seen.map(({ port }) => port)).size;
}

describe('AppConnections', () => {
  for (const [what, alpn] of [
    ['HTTP', undefined],
    ['HTTPS', ['http/1.1']],
    ['HTTP/2', ['h2']],
  ] as const) {
    const scheme = alpn === undefined ? 'HTTP' : 'HTTPS';

    it(`has a connection for each probe: ${what}`, async () => {
      await using app = await sampleApp({ ...(alpn && { alpn }) });
      await using probing = await startProbing({ httpGet: { port: app.port, scheme } });

      for (let n = 0; n < 3; n += 1) equal((await probing.ask()).status, 200);

      equal(portsOf(app), 3);
      await until(() => app.open.size === 0);
    });

    it(`uses connections again where it may, although the kubelet closes its own: ${what}`, async () => {
      await using app = await sampleApp({ ...(alpn && { alpn }) });
      await using probing = await startProbing({ httpGet: { port: app.port, scheme } }, KEPT);

      for (let n = 0; n < 3; n += 1) {
        equal((await probing.ask(['Connection', 'close'])).status, 200);
        await turn();
      }

      equal(portsOf(app), 1);
      equal(app.seen.length, 3);
    });

    it(`asks again where the application had closed a kept connection: ${what}`, async () => {
      await using app = await sampleApp({ ...(alpn && { alpn }) });
      await using probing = await startProbing({ httpGet: { port: app.port, scheme } }, KEPT);
      await probing.ask();
      await turn();

      const asked = probing.ask();
      for (const socket of app.open) socket.destroy();

      equal((await asked).status, 200);
      deepEqual(probing.logged.records, []);
    });

    it(`closes what it kept: ${what}`, async () => {
      await using app = await sampleApp({ ...(alpn && { alpn }) });
      {
        await using probing = await startProbing({ httpGet: { port: app.port, scheme } }, KEPT);
        await probing.ask();
        await turn();
        equal(app.open.size, 1);
      }

      await until(() => app.open.size === 0);
    });

    it(`keeps no connection with an answer that was cut: ${what}`, async () => {
      await using app = await sampleApp({ ...(alpn && { alpn }) });
      const httpGet = { path: '/bytes/200000', port: app.port, scheme };
      await using probing = await startProbing({ httpGet }, KEPT);

      equal((await probing.ask()).body.length, 10_240);
      equal((await probing.ask()).body.length, 10_240);

      equal(app.seen.length, 2);
    });
  }

  it('keeps at most two idle connections to one port', async () => {
    await using app = await sampleApp();
    await using probing = await startProbing({ httpGet: { port: app.port } }, KEPT);

    await Promise.all(Array.from({ length: 8 }, () => probing.ask()));

    await until(() => app.open.size === 2);
  });
});
