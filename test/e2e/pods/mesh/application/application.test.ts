import { deepEqual, equal, ok } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

import { Client, credentials } from '@grpc/grpc-js';

import { type TemporaryDirectory, temporaryDirectory } from '../../../../support/temporary-directory.ts';
import { call, type CallReport } from './call.ts';
import type { Seen } from './seen.ts';
import { ApplicationServer } from './server.ts';

const HEALTH_METHOD = '/grpc.health.v1.Health/Check';

describe('the application', () => {
  let folder: TemporaryDirectory;
  let application: ApplicationServer;
  let port: number;
  let other: number;

  beforeEach(async () => {
    folder = await temporaryDirectory();
    application = await ApplicationServer.open([0, 0], join(folder.path, 'healthy'));
    [port = 0, other = 0] = application.ports;
  });

  afterEach(async () => {
    await application.close();
    await folder.remove();
  });

  function ask(url: string, requests = 1): Promise<CallReport> {
    return call({ question: { url: new URL(url), timeoutMs: 10_000 }, requests, concurrency: 1 });
  }

  function askGrpc(method: string): Promise<string> {
    const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
    const same = (bytes: Buffer): Buffer => bytes;
    return new Promise<string>((resolve, reject) => {
      client.makeUnaryRequest(method, same, same, Buffer.alloc(0), (error, body) => {
        if (error) reject(error);
        else resolve(String(body));
      });
    }).finally(() => client.close());
  }

  it('tells what it saw of a request', async () => {
    const headers = { 'x-forwarded-client-cert': 'URI=spiffe://somebody' };

    const response = await fetch(`http://127.0.0.1:${port}/path?query=1`, { headers });

    const seen = (await response.json()) as Seen;
    deepEqual(
      [seen.port, seen.method, seen.path, seen.from.address],
      [port, 'GET', '/path?query=1', '127.0.0.1'],
    );
    equal(seen.headers['x-forwarded-client-cert'], 'URI=spiffe://somebody');
  });

  it('speaks gRPC, its health too, and echoes what is neither HTTP nor gRPC, all on one port', async () => {
    const health = await askGrpc(HEALTH_METHOD);
    const echo = await askGrpc('/test.Echo/Echo');
    const bytes = await ask(`tcp://127.0.0.1:${port}`);

    deepEqual([health, bytes.statuses], ['\b\x01', { echo: 1 }]);
    equal((JSON.parse(echo) as Seen).path, '/test.Echo/Echo');
  });

  it('fails on a port when another port is told so, until it is told otherwise', async () => {
    await ask(`http://127.0.0.1:${other}/-/fail?port=${port}`);
    const failing = await ask(`http://127.0.0.1:${port}/`);
    const health = await askGrpc(HEALTH_METHOD);
    await ask(`http://127.0.0.1:${other}/-/recover?port=${port}`);
    const again = await ask(`http://127.0.0.1:${port}/`);

    deepEqual([failing.statuses, again.statuses], [{ 503: 1 }, { 200: 1 }]);
    equal(health, '\b\x02');
  });

  it('counts the requests of each port on its metrics page', async () => {
    await ask(`http://127.0.0.1:${port}/`, 3);

    const { last } = await ask(`http://127.0.0.1:${port}/custom-metrics`);

    ok(last?.body.includes(`application_requests_total{port="${port}"} 4\n`), last?.body);
  });

  it('answers open requests when it is told to end, and takes no new ones', async () => {
    const slow = ask(`http://127.0.0.1:${port}/?slowly=200`);
    await ask(`http://127.0.0.1:${other}/`); // the slow one arrives before this is answered
    const healthy = existsSync(join(folder.path, 'healthy'));

    await application.close();

    const refused = await ask(`http://127.0.0.1:${port}/`);
    deepEqual([(await slow).statuses, refused.errors], [{ 200: 1 }, { ECONNREFUSED: 1 }]);
    deepEqual([healthy, existsSync(join(folder.path, 'healthy'))], [true, false]);
  });

  it('survives callers that go away in the middle', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.end('GET /?slowly=100 HTTP/1.1\r\nHost: x\r\n\r\n');
    socket.destroy();

    equal(await text(socket).catch(() => 'gone'), 'gone');
    equal((await ask(`http://127.0.0.1:${port}/`)).good, 1);
  });
});

describe('call', () => {
  it('asks as often as it was told and reports what came of it', async () => {
    await using folder = await temporaryDirectory();
    const application = await ApplicationServer.open([0], join(folder.path, 'healthy'));
    const question = { url: new URL(`http://127.0.0.1:${application.ports[0]}/`), timeoutMs: 10_000 };

    const report = await call({ question, requests: 50, concurrency: 5 });
    await application.close();

    deepEqual([report.asked, report.good, report.statuses, report.errors], [50, 50, { 200: 50 }, {}]);
  });
});
