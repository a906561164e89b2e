import { deepEqual, equal, match } from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { TLSSocket } from 'node:tls';

import { startProbing } from './fixtures/probing.ts';
import { sampleApp } from './fixtures/sample-app.ts';
import { until } from './fixtures/until.ts';

describe('HttpsConnections', () => {
  for (const [alpn, offered, version] of [
    [['h2', 'http/1.1'], true, '2.0'],
    [['h2'], true, '2.0'],
    [['http/1.1'], true, '1.1'],
    [[], true, '1.1'],
    [['h2', 'http/1.1'], false, '1.1'],
    [['http/1.1'], false, '1.1'],
  ] as const) {
    const whom =
      alpn.length === 0 ? 'an application that agrees on nothing' : `an application of ${alpn.join()}`;
    it(`speaks HTTP/${version} with ${whom}${offered ? '' : ' when HTTP/2 is off'}`, async () => {
      await using app = await sampleApp({ alpn });
      await using probing = await startProbing(
        { httpGet: { path: '/ready', port: app.port, scheme: 'HTTPS' } },
        { http2: offered },
      );

      const { status, body } = await probing.ask(['X-A', '1']);

      deepEqual([status, body], [200, 'fine'], probing.logged.messages().join());
      deepEqual(
        app.seen.map(({ path, httpVersion, source }) => [path, httpVersion, source]),
        [['/ready', version, '127.0.0.6']],
      );
      await until(() => app.open.size === 0);
    });
  }

  for (const [destination, name] of [
    ['localhost', 'localhost'],
    ['127.0.0.1', false],
  ] as const) {
    it(`names the server in the handshake where it has a name: ${destination}`, async () => {
      const names: unknown[] = [];
      await using app = await sampleApp({
        alpn: ['http/1.1'],
        answer: ({ socket }, response) => {
          names.push((socket as TLSSocket).servername);
          response.end();
        },
      });
      const httpGet = { port: app.port, scheme: 'HTTPS' };
      await using probing = await startProbing({ httpGet }, { destination });

      await probing.ask();

      deepEqual(names, [name]);
    });
  }

  it('fails where nothing can be agreed on', async () => {
    await using app = await sampleApp({ alpn: ['unknown'] });
    await using probing = await startProbing({ httpGet: { port: app.port, scheme: 'HTTPS' } });

    equal((await probing.ask()).status, 500);
    equal(app.seen.length, 0);
    match(probing.logged.messages('error').join(), /no application protocol/i);
    await until(() => app.open.size === 0);
  });

  it('fails towards an application without TLS', async () => {
    await using app = await sampleApp();
    await using probing = await startProbing({ httpGet: { port: app.port, scheme: 'HTTPS' } });

    equal((await probing.ask()).status, 500);
    await until(() => app.open.size === 0);
  });

  it('is for the scheme HTTPS in this spelling alone', async () => {
    await using app = await sampleApp();
    await using probing = await startProbing({ httpGet: { port: app.port, scheme: 'https' } });

    equal((await probing.ask()).status, 200);
  });

  it('passes on over HTTP/2 all that is allowed there', async () => {
    await using app = await sampleApp({ alpn: ['h2'] });
    await using probing = await startProbing({ httpGet: { port: app.port, scheme: 'HTTPS' } });
    const forbidden = [
      'Keep-Alive',
      'timeout=5',
      'Proxy-Connection',
      'close',
      'TE',
      'trailers',
      'Upgrade',
      'h2c',
    ];

    await probing.ask([
      'Host',
      'web:15020',
      'X-A',
      '1',
      'X-A',
      '2',
      'Referer',
      'a',
      'Referer',
      'b',
      ...forbidden,
    ]);

    const pseudo = [':method', 'GET', ':scheme', 'https', ':authority', `web:${app.port}`, ':path', '/'];
    const allowed = ['x-a', '1', 'x-a', '2', 'referer', 'a', 'referer', 'b'];
    deepEqual(app.seen[0]?.headers, [...pseudo, ...allowed]);
  });

  it('cuts a long body over HTTP/2, too', async () => {
    await using app = await sampleApp({ alpn: ['h2'] });
    await using probing = await startProbing({
      httpGet: { path: '/bytes/99999', port: app.port, scheme: 'HTTPS' },
    });

    equal((await probing.ask()).body.length, 10_240);
    await until(() => app.open.size === 0);
  });

  it('follows a redirect over HTTP/2, and passes no header of the application on', async () => {
    await using app = await sampleApp({ alpn: ['h2'] });
    await using probing = await startProbing({
      httpGet: { path: '/redirect', port: app.port, scheme: 'HTTPS' },
    });

    const { status, body, headers } = await probing.ask();

    deepEqual([status, body, headers['x-own']], [200, 'fine', undefined]);
    equal(app.connections(), 2);
    await until(() => app.open.size === 0);
  });

  for (const alpn of [['h2'], ['http/1.1']]) {
    it(`lets go of an application of ${alpn.join()} that does not answer in time`, async () => {
      await using app = await sampleApp({ alpn });
      const httpGet = { path: '/hang', port: app.port, scheme: 'HTTPS' };
      await using probing = await startProbing({ httpGet });
      const leaving = new AbortController();
      const asked = probing.ask([], undefined, leaving.signal).catch(() => undefined);
      await until(() => app.seen.length === 1);

      leaving.abort();

      await asked;
      await until(() => app.open.size === 0);
    });
  }

  it('lets go of an application that never finishes the handshake', async () => {
    await using app = await sampleApp({ answer: () => undefined });
    const leaving = new AbortController();
    await using probing = await startProbing({ httpGet: { port: app.port, scheme: 'HTTPS' } });
    const asked = probing.ask([], undefined, leaving.signal).catch(() => undefined);
    await until(() => app.connections() === 1);

    leaving.abort();

    await asked;
    await until(() => app.open.size === 0);
  });

  it('is the only place of the agent where a server is not verified', async () => {
    const root = resolve(import.meta.dirname, '../../../src');
    const files = (await readdir(root, { recursive: true })).filter((file) => file.endsWith('.ts'));
    const texts = await Promise.all(files.map((file) => readFile(join(root, file), 'utf8')));

    const unverified = files.filter((_, at) => texts[at]?.includes('rejectUnauthorized: false'));

    // the CA of `discovery` is a server: it asks its clients for certificates, and has its own check
    deepEqual(unverified.toSorted(), ['discovery/server/listener.ts', 'status/probes/https-connections.ts']);
  });
});
