import { deepEqual, equal } from 'node:assert/strict';
import { constants, type Http2ServerResponse } from 'node:http2';

import { FakeClock } from '../../support/fake-clock.ts';
import { LIVEZ, startProbing } from './fixtures/probing.ts';
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

    it(`asks again where the application closes a kept connection instead of an answer: ${what}`, async () => {
      await using app = await sampleApp({
        ...(alpn && { alpn }),
        answer: (_request, response) => {
          if (app.seen.length !== 2) response.end('fine');
          else for (const socket of app.open) socket.destroy();
        },
      });
      await using probing = await startProbing({ httpGet: { port: app.port, scheme } }, KEPT);
      await probing.ask();
      await turn();

      const { status, body } = await probing.ask();

      deepEqual([status, body, app.seen.length], [200, 'fine', 3]);
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

    const idle = what === 'HTTP/2' ? 1 : 2;

    it(`keeps no more than ${idle} idle to one port: ${what}`, async () => {
      await using app = await sampleApp({ ...(alpn && { alpn }) });
      await using probing = await startProbing({ httpGet: { port: app.port, scheme } }, KEPT);

      for (let n = 0; n < 4; n += 1) await Promise.all(Array.from({ length: 8 }, () => probing.ask()));

      await until(() => app.open.size === idle);
    });
  }

  it('cuts only the request of a caller who leaves, not the session that others use', async () => {
    const waiting: Http2ServerResponse[] = [];
    await using app = await sampleApp({
      alpn: ['h2'],
      answer: (_request, response) => {
        if (app.seen.length === 1) response.end();
        else waiting.push(response as unknown as Http2ServerResponse);
      },
    });
    await using probing = await startProbing({ httpGet: { port: app.port, scheme: 'HTTPS' } }, KEPT);
    await probing.ask();
    const leaving = new AbortController();
    const asked = [probing.ask([], LIVEZ, leaving.signal), probing.ask()];
    await until(() => waiting.length === 2);

    leaving.abort();
    const outcomes = Promise.allSettled(asked);
    await until(() => waiting.some(({ stream }) => stream.destroyed));
    for (const response of waiting) response.end('fine');

    deepEqual(
      (await outcomes).map(({ status }) => status),
      ['rejected', 'fulfilled'],
    );
    equal(app.seen.length, 3);
  });

  it('keeps a connection beyond the time limit of the probe it was made for', async () => {
    const clock = new FakeClock();
    await using app = await sampleApp({ alpn: ['http/1.1'] });
    const prober = { httpGet: { port: app.port, scheme: 'HTTPS' }, timeoutSeconds: 5 };
    await using probing = await startProbing(prober, { ...KEPT, clock });
    await probing.ask();

    await clock.tick(6000);
    await turn();
    await probing.ask();

    equal(app.connections(), 1);
  });

  it('gives up a session of HTTP/2 that takes no more requests', async () => {
    await using app = await sampleApp({
      alpn: ['h2'],
      answer: (_request, response) => {
        const { stream } = response as unknown as Http2ServerResponse;
        if (app.seen.length === 2) stream.close(constants.NGHTTP2_REFUSED_STREAM);
        else response.end('fine');
      },
    });
    await using probing = await startProbing({ httpGet: { port: app.port, scheme: 'HTTPS' } }, KEPT);
    await probing.ask();

    equal((await probing.ask()).body, 'fine');

    equal(portsOf(app), 2);
    await until(() => app.open.size === 1);
  });
});
