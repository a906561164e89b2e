import { deepEqual, equal, match } from 'node:assert/strict';
import type { ServerHttp2Stream } from 'node:http2';
import { setImmediate as turn } from 'node:timers/promises';

import { FakeClock } from '../../support/fake-clock.ts';
import { closedPort } from '../../support/http-server.ts';
import { framed, healthServer, http2App } from './fixtures/health-server.ts';
import { startProbing } from './fixtures/probing.ts';
import { sampleApp } from './fixtures/sample-app.ts';
import { until } from './fixtures/until.ts';

const GRPC = { ':status': 200, 'content-type': 'application/grpc' };

/** Answers with these bytes, one DATA frame for each, and trailers. */
function answering(
  chunks: readonly Buffer[],
  trailers: Readonly<Record<string, string>>,
): (stream: ServerHttp2Stream) => void {
  return (stream) => {
    stream.respond(GRPC, { waitForTrailers: true });
    stream.once('wantTrailers', () => stream.sendTrailers(trailers));
    void (async () => {
      for (const chunk of chunks) {
        await new Promise((resolve) => stream.write(chunk, resolve));
        await turn();
      }
      stream.end();
    })();
  };
}

async function outcome(answer: (stream: ServerHttp2Stream) => void): Promise<readonly [number, string]> {
  await using app = await http2App(answer);
  await using probing = await startProbing({ grpc: { port: app.port } });
  const { status, body } = await probing.ask();
  equal(body, '');
  await until(() => app.open.size === 0);
  return [status, probing.logged.messages('error').join()];
}

describe('grpcProbe', () => {
  for (const [service, status, said] of [
    [null, 200, /^$/],
    ['serving-svc', 200, /^$/],
    ['not-serving-svc', 500, /^grpc probe failed: the service is NOT_SERVING$/],
    ['unknown-svc', 500, /^grpc probe failed: the service is UNKNOWN$/],
    ['nobody', 500, /^grpc probe failed: rpc error: code = NotFound desc = unknown service$/],
  ] as const) {
    it(`answers ${status} for ${service ?? 'the server as a whole'}`, async () => {
      await using server = await healthServer();
      await using probing = await startProbing({ grpc: { port: server.port, service } });

      const answer = await probing.ask();

      deepEqual([answer.status, answer.body], [status, '']);
      match(probing.logged.messages('error').join(), said);
    });
  }

  it('comes from the probes’ address, with the caller’s user agent', async () => {
    await using server = await healthServer();
    await using probing = await startProbing({ grpc: { port: server.port }, timeoutSeconds: 7 });

    await probing.ask(['User-Agent', 'kube-probe/1.31']);

    const [call] = server.calls;
    equal(call?.['user-agent'], 'kube-probe/1.31');
    match(String(call['peer']), /^127\.0\.0\.6:/);
  });

  for (const [seconds, timeout] of [
    [7, '7000m'],
    [200_000, '99999999m'],
  ] as const) {
    it(`calls as a gRPC client does, and says that it waits for ${seconds} s`, async () => {
      const seen: object[] = [];
      await using app = await http2App((stream, headers) => {
        seen.push(Object.fromEntries(Object.entries(headers)));
        stream.respond({ ...GRPC, 'grpc-status': '5' }, { endStream: true });
      });
      await using probing = await startProbing({ grpc: { port: app.port }, timeoutSeconds: seconds });

      await probing.ask();

      deepEqual(seen, [
        {
          ':method': 'POST',
          ':scheme': 'http',
          ':authority': `127.0.0.1:${app.port}`,
          ':path': '/grpc.health.v1.Health/Check',
          'content-type': 'application/grpc',
          te: 'trailers',
          'grpc-timeout': timeout,
        },
      ]);
    });
  }

  it('reaches a server of IPv6', async () => {
    await using server = await healthServer('::1');
    await using probing = await startProbing(
      { grpc: { port: server.port } },
      { source: '::1', destination: '::1' },
    );

    equal((await probing.ask()).status, 200);
  });

  it('says which probe it was', async () => {
    await using probing = await startProbing({ grpc: { port: await closedPort() } });

    equal((await probing.ask()).status, 500);

    const [record] = probing.logged.records;
    match(record?.message ?? '', /^Failed to create grpc connection to probe app: connect ECONNREFUSED /);
    deepEqual([record?.scope, record?.fields], ['probes', { path: '/app-health/web/livez' }]);
  });

  it('knows a server without the health service', async () => {
    const trailersOnly = { ...GRPC, 'grpc-status': '12', 'grpc-message': 'no%20such%0Aservice' };

    const [status, said] = await outcome((stream) => stream.respond(trailersOnly, { endStream: true }));

    equal(status, 500);
    equal(
      said,
      'server does not implement the grpc health protocol (grpc.health.v1.Health): ' +
        'rpc error: code = Unimplemented desc = no such\\nservice',
    );
  });

  it('takes the status from the headers, too', async () => {
    const [status] = await outcome((stream) => {
      stream.respond({ ...GRPC, 'grpc-status': '0' });
      stream.end(framed(Buffer.of(8, 1)));
    });

    equal(status, 200);
  });

  it('reads a message that comes in pieces', async () => {
    const bytes = [...framed(Buffer.of(8, 1))].map((byte) => Buffer.of(byte));

    equal((await outcome(answering(bytes, { 'grpc-status': '0' })))[0], 200);
  });

  it('reads a message of many frames', async () => {
    const unknownField = Buffer.concat([Buffer.of(0x12, 0xa0, 0x8d, 0x06), Buffer.alloc(100_000)]);
    const message = framed(Buffer.concat([unknownField, Buffer.of(8, 1)]));

    const [status, said] = await outcome(answering([message], { 'grpc-status': '0' }));

    deepEqual([status, said], [200, '']);
  });

  for (const [why, answer, said] of [
    [
      'a page',
      (stream: ServerHttp2Stream) => {
        stream.respond({ ':status': 200, 'content-type': 'text/html' });
        stream.end('<html>');
      },
      /^grpc probe failed: rpc error: code = Unknown desc = unexpected answer .*"text\/html"$/,
    ],
    [
      'a page that is not found',
      (stream: ServerHttp2Stream) => stream.respond({ ':status': 404 }, { endStream: true }),
      /^server does not implement the grpc health protocol/,
    ],
    [
      'a message without a status',
      (stream: ServerHttp2Stream) => {
        stream.respond(GRPC);
        stream.end(framed(Buffer.of(8, 1)));
      },
      /desc = server closed the stream without status$/,
    ],
    ['a status without a message', answering([], { 'grpc-status': '0' }), /holds no message$/],
    [
      'two messages',
      answering([framed(Buffer.of(8, 1)), framed(Buffer.of(8, 1))], { 'grpc-status': '0' }),
      /not one whole message$/,
    ],
    [
      'a message and an error',
      answering([framed(Buffer.of(8, 1))], { 'grpc-status': '14', 'grpc-message': '%' }),
      /code = Unavailable desc = %$/,
    ],
    [
      'its own deadline',
      answering([], { 'grpc-status': '4' }),
      /^grpc request not finished within timeout: /,
    ],
    ['a stream that is reset', (stream: ServerHttp2Stream) => stream.close(2), /^grpc probe failed: /],
    [
      'a connection that is closed',
      (stream: ServerHttp2Stream) => stream.session?.destroy(),
      /^grpc probe failed: /,
    ],
    [
      'more than it may',
      (stream: ServerHttp2Stream) => {
        stream.respond(GRPC);
        stream.end(Buffer.alloc(5_000_000));
      },
      /longer than 4194304 bytes$/,
    ],
  ] as const) {
    it(`fails for ${why}`, async () => {
      const [status, text] = await outcome(answer);

      equal(status, 500);
      match(text, said);
    });
  }

  it('fails towards a server of HTTP/1.1', async () => {
    await using app = await sampleApp();
    await using probing = await startProbing({ grpc: { port: app.port } });

    equal((await probing.ask()).status, 500);
    match(probing.logged.messages('error').join(), /^grpc probe failed: /);
    await until(() => app.open.size === 0);
  });

  for (const [given, seconds] of [
    [0, 1],
    [3, 3],
  ] as const) {
    it(`gives up after ${seconds} s where the limit is ${given}`, async () => {
      const clock = new FakeClock();
      const streams: ServerHttp2Stream[] = [];
      await using app = await http2App((stream) => void streams.push(stream));
      await using probing = await startProbing(
        { grpc: { port: app.port }, timeoutSeconds: given },
        { clock },
      );
      const asked = probing.ask();
      await until(() => streams.length === 1);

      await clock.tick(seconds * 1000 - 1);
      equal(probing.logged.records.length, 0);
      await clock.tick(1);

      equal((await asked).status, 500);
      equal(
        probing.logged.messages('error').join(),
        `grpc request not finished within timeout: no answer within ${seconds}s`,
      );
      await until(() => app.open.size === 0);
    });
  }
});
