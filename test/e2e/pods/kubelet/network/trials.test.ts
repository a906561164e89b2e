import { deepEqual, equal, match } from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';

import { closedPort, loopbackServer } from '../../../../support/http-server.ts';
import { selfSigned } from '../../../../status/probes/fixtures/sample-app.ts';
import type { NetworkTrial, TrialResult } from './node-messages.ts';
import { runTrial } from './trials.ts';

type HttpTrial = Extract<NetworkTrial, { readonly do: 'httpGet' }>;

const TIMING = { userAgent: 'kube-probe/1.31', timeoutMs: 5000, address: '127.0.0.1' };

function get(port: number, changes: Partial<HttpTrial> = {}): Promise<TrialResult> {
  const base = { ...TIMING, do: 'httpGet' as const, scheme: 'HTTP' as const, path: '/', port };
  return runTrial({ ...base, anyStatus: false, ...changes });
}

describe('a trial by HTTP', () => {
  it('passes with a status from 200 to 399', async () => {
    await using server = await loopbackServer((request, response) => {
      response.writeHead(Number(request.url?.slice(1))).end();
    });
    const statusAt = async (status: number): Promise<boolean> =>
      (await get(server.port, { path: `/${status}` })).isSuccess;

    equal(await statusAt(200), true);
    equal(await statusAt(399), true);
    equal(await statusAt(400), false);
    equal(await statusAt(503), false);
    equal((await get(server.port, { path: '503', anyStatus: true })).isSuccess, true);
  });

  it('names itself', async () => {
    const seen: IncomingMessage['headers'][] = [];
    await using server = await loopbackServer((request, response) => {
      seen.push(request.headers);
      response.end();
    });

    await get(server.port);

    equal(seen[0]?.['user-agent'], 'kube-probe/1.31');
    equal(seen[0]?.accept, '*/*');
  });

  it('follows redirects within the host, and takes one to another for a success', async () => {
    const paths: (string | undefined)[] = [];
    await using server = await loopbackServer((request, response) => {
      paths.push(request.url);
      const location = request.url === '/' ? '/next' : 'http://elsewhere.invalid/';
      response.writeHead(302, { location }).end();
    });

    const { isSuccess, detail } = await get(server.port);

    deepEqual(paths, ['/', '/next']);
    equal(isSuccess, true);
    equal(detail, 'HTTP status 302');
  });

  it('fails when redirects do not end, when nobody listens, and when nobody answers in time', async () => {
    await using turning = await loopbackServer((_request, response) => {
      response.writeHead(302, { location: '/' }).end();
    });
    await using silent = await loopbackServer(() => undefined);

    match((await get(turning.port)).detail, /10 redirects/);
    match((await get(await closedPort())).detail, /ECONNREFUSED/);
    equal((await get(silent.port, { timeoutMs: 50 })).isSuccess, false);
  });

  it('does not look at certificates', async () => {
    const server = createHttpsServer(await selfSigned(), (_request, response) => response.end());
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');

    const { detail } = await get((server.address() as AddressInfo).port, { scheme: 'HTTPS' });
    server.close();

    equal(detail, 'HTTP status 200');
  });
});

describe('a trial by TCP', () => {
  it('passes when somebody listens', async () => {
    await using server = await loopbackServer(() => undefined);

    equal((await runTrial({ ...TIMING, do: 'tcpSocket', port: server.port })).isSuccess, true);
    equal((await runTrial({ ...TIMING, do: 'tcpSocket', port: await closedPort() })).isSuccess, false);
  });
});
