import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { createServer, type Server } from 'node:net';
import type { AddressInfo } from 'node:net';

import { requestPath } from '../../../src/status/probes/http-probe.ts';
import { startProbing } from './fixtures/probing.ts';
import { sampleApp } from './fixtures/sample-app.ts';
import { until } from './fixtures/until.ts';

/** The values of one header, in order. */
function valuesOf(headers: readonly string[], name: string): string[] {
  return headers.filter((_, at) => at % 2 === 1 && headers[at - 1]?.toLowerCase() === name);
}

describe('httpProbe', () => {
  for (const status of [200, 204, 299, 400, 404, 418, 429, 500, 503, 511]) {
    it(`passes ${status} on, with the body and no header of the application`, async () => {
      await using app = await sampleApp();
      await using probing = await startProbing({ httpGet: { path: `status/${status}`, port: app.port } });

      const answer = await probing.ask();

      deepEqual([answer.status, answer.body], [status, status === 204 ? '' : 'body']);
      equal(answer.headers['x-own'], undefined);
      equal(answer.headers.location, undefined);
    });
  }

  for (const status of [300, 301, 303, 304, 307, 308, 399]) {
    it(`ends ${status} with 200`, async () => {
      await using app = await sampleApp();
      await using probing = await startProbing({ httpGet: { path: `status/${status}`, port: app.port } });

      equal((await probing.ask()).status, 200);
    });
  }

  it('answers a redirect to another host with an empty 200', async () => {
    await using app = await sampleApp();
    await using probing = await startProbing({ httpGet: { path: '/elsewhere', port: app.port } });

    const { status, body } = await probing.ask();

    deepEqual([status, body], [200, '']);
    await until(() => app.open.size === 0);
  });

  it('stops at the tenth redirect', async () => {
    await using app = await sampleApp();
    await using probing = await startProbing({ httpGet: { path: '/loop', port: app.port } });

    equal((await probing.ask()).status, 500);

    equal(app.seen.length, 10);
    match(probing.logged.messages('error').join(), /: stopped after 10 redirects, /);
    await until(() => app.open.size === 0);
  });

  it('fails for a redirect it cannot follow', async () => {
    await using app = await sampleApp();
    await using probing = await startProbing({ httpGet: { path: '/ftp', port: app.port } });

    equal((await probing.ask()).status, 500);
    match(probing.logged.messages('error').join(), /unsupported protocol scheme "ftp"/);
    await until(() => app.open.size === 0);
  });

  it('repeats headers and Host at a relative redirect, and asks for the new host at an absolute one', async () => {
    await using app = await sampleApp({
      answer: ({ url }, response) => {
        const at = `http://127.0.0.1:${response.socket?.localPort}`;
        const location = { '/first': '/second', '/second': `${at}/third`, '/third': '/end' }[url ?? ''];
        if (location === undefined) response.end();
        else response.writeHead(307, { Location: location }).end();
      },
    });
    await using probing = await startProbing({ httpGet: { path: '/first', port: app.port } });

    await probing.ask(['Host', 'web.example', 'X-A', '1']);

    const here = `127.0.0.1:${app.port}`;
    deepEqual(
      app.seen.map(({ path, headers }) => [path, valuesOf(headers, 'host'), valuesOf(headers, 'x-a')].flat()),
      [
        ['/first', 'web.example', '1'],
        ['/second', 'web.example', '1'],
        ['/third', here, '1'],
        ['/end', here, '1'],
      ],
    );
  });

  it('shows the application what the kubelet sent: every value, no body, whatever the method', async () => {
    await using app = await sampleApp();
    await using probing = await startProbing({
      httpGet: { port: app.port, httpHeaders: [{ name: 'X-Configured', value: 'no' }] },
    });
    const sent = ['X-A', '1', 'x-a', '2', 'Cookie', 'a=b', 'Cookie', 'c=d', 'Authorization', 'Basic eDp5'];

    await probing.ask([
      'Host',
      '10.1.2.3:15020',
      ...sent,
      'User-Agent',
      'kube-probe/1.31',
      'Expect',
      '100-continue',
    ]);

    deepEqual(app.seen[0]?.headers, [
      'Host',
      `10.1.2.3:${app.port}`,
      ...sent,
      'User-Agent',
      'kube-probe/1.31',
      'Expect',
      '100-continue',
      'Connection',
      'close',
    ]);
  });

  it('passes on the first 10240 bytes, and closes the connection at once', async () => {
    await using app = await sampleApp({
      answer: (_request, response) => {
        response.write('x'.repeat(20_000)); // and no end
      },
    });
    await using probing = await startProbing({ httpGet: { port: app.port } });

    const { status, body } = await probing.ask();

    deepEqual([status, body.length], [200, 10_240]);
    await until(() => app.open.size === 0);
  });

  for (const size of [0, 1, 10_239, 10_240]) {
    it(`passes on a body of ${size} bytes as a whole`, async () => {
      await using app = await sampleApp();
      await using probing = await startProbing({ httpGet: { path: `/bytes/${size}`, port: app.port } });

      equal((await probing.ask()).body.length, size);
      await until(() => app.open.size === 0);
    });
  }

  it('fails when the answer breaks off', async () => {
    await using app = await sampleApp({
      answer: (_request, response) => {
        response.writeHead(200, { 'Content-Length': '9' });
        response.write('half', () => response.destroy());
      },
    });
    await using probing = await startProbing({ httpGet: { port: app.port } });

    const { status, body } = await probing.ask();

    deepEqual([status, body], [500, '']);
  });

  it('fails when the application goes over to another protocol, and lets go of it', async () => {
    await using app = await sampleApp({
      answer: ({ socket }) =>
        void socket.write('HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'),
    });
    await using probing = await startProbing({ httpGet: { port: app.port } });

    equal((await probing.ask()).status, 500);

    match(probing.logged.messages('error').join(), /went over to another protocol/);
    await until(() => app.open.size === 0);
  });

  for (const [why, answer, status] of [
    ['line feeds alone', 'HTTP/1.1 200 OK\nContent-Length: 2\n\nok', 200],
    ['HTTP/1.0', 'HTTP/1.0 203 Fine\r\n\r\nok', 203],
    ['headers of 100 kB', `HTTP/1.1 200 OK\r\nX: ${'x'.repeat(100_000)}\r\nContent-Length: 0\r\n\r\n`, 200],
    [
      'a hint before the answer',
      'HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
      200,
    ],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n', 500],
    ['nothing', '', 500],
  ] as const) {
    it(`answers ${status} to an application that speaks ${why}`, async () => {
      const app = createServer((socket) => {
        socket.on('error', () => undefined).once('data', () => socket.end(answer));
      });
      await using port = await listening(app);
      await using probing = await startProbing({ httpGet: { port: port.number } });

      equal((await probing.ask()).status, status);
    });
  }
});

describe('requestPath', () => {
  for (const [path, written] of [
    ['', '/'],
    ['ready', '/ready'],
    ['/ready?a=b&c', '/ready?a=b&c'],
    ['?a', '/?a'],
    ['/a/../b//c', '/a/../b//c'],
    ['/a%2Fb', '/a%2Fb'],
    ['/a b\n', '/a%20b%0A'],
    ['/ä\ud800', '/%C3%A4%EF%BF%BD'],
    ['/x#y?z', '/x'],
    ['/"<>\\^`{|}', '/%22%3C%3E%5C%5E%60%7B%7C%7D'],
  ] as const) {
    it(`is ${written} for ${JSON.stringify(path)}`, () => equal(requestPath(path), written));
  }

  it('can always stand in a request line', () => {
    for (let code = 0; code < 0x3000; code += 1) {
      ok(/^\/[\x21-\x7e]*$/.test(requestPath(String.fromCharCode(code))), `code ${code}`);
    }
  });
});

async function listening(server: Server): Promise<AsyncDisposable & { readonly number: number }> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    number: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  };
}
