import assert from 'node:assert/strict';
import { text } from 'node:stream/consumers';

import { exchangeHttp } from '../../src/cli/http-exchange.ts';
import { loopbackServer } from '../support/http-server.ts';

const never = new AbortController().signal;

describe('exchangeHttp', () => {
  it('sends method and body and gives status and text', async () => {
    await using server = await loopbackServer(async (request, response) => {
      response.statusCode = 201;
      response.end(`${request.method} ${request.headers['content-type']} ${await text(request)}`);
    });

    const exchange = { method: 'POST', url: `${server.url}/x`, body: 'größe', timeoutMs: 5000 };
    const answer = await exchangeHttp(exchange, never);

    assert.deepEqual(answer, { status: 201, body: Buffer.from('POST undefined größe') });
  });

  it('follows redirects: 307 repeats the request, 302 asks again with GET', async () => {
    await using server = await loopbackServer((request, response) => {
      const [, code = ''] = /^\/(\d+)$/.exec(request.url ?? '') ?? [];
      if (code !== '') response.writeHead(Number(code), { location: '/end' });
      response.end(`${request.method} ${request.headers['content-length']}`);
    });
    const post = { method: 'POST', body: 'abc', timeoutMs: 5000 };

    const repeated = await exchangeHttp({ ...post, url: `${server.url}/307` }, never);
    const turned = await exchangeHttp({ ...post, url: `${server.url}/302` }, never);

    assert.deepEqual([repeated.body, turned.body].map(String), ['POST 3', 'GET undefined']);
  });

  for (const host of ['127.0.0.1', '::1']) {
    it(`finds localhost at ${host} when nothing answers at the other address`, async () => {
      await using server = await loopbackServer((_request, response) => {
        response.end('here');
      }, host);

      const url = `http://localhost:${server.port}/`;
      const { body } = await exchangeHttp({ method: 'GET', url, timeoutMs: 5000 }, never);

      assert.equal(String(body), 'here');
    });
  }

  it('gives up on a circle of redirects', async () => {
    await using server = await loopbackServer((_request, response) => {
      response.writeHead(302, { location: '/' }).end();
    });

    await assert.rejects(
      exchangeHttp({ method: 'GET', url: server.url, timeoutMs: 5000 }, never),
      /stopped after 10 redirects/,
    );
  });

  it('gives up when no answer comes in time', async () => {
    await using server = await loopbackServer(() => undefined);

    await assert.rejects(exchangeHttp({ method: 'GET', url: server.url, timeoutMs: 20 }, never), {
      name: 'AgentError',
      message: `GET ${server.url}: no answer within 20 ms`,
    });
  });

  it('waits as long as it takes without a limit, and with one longer than a timer can be', async () => {
    await using server = await loopbackServer((_request, response) => {
      response.end('here');
    });

    for (const timeoutMs of [0, -1, 2 ** 40]) {
      const { status } = await exchangeHttp({ method: 'GET', url: server.url, timeoutMs }, never);

      assert.equal(status, 200);
    }
  });

  it('names a connection that fails', async () => {
    const { url } = await closedServer();

    await assert.rejects(exchangeHttp({ method: 'GET', url, timeoutMs: 5000 }, never), /ECONNREFUSED/);
  });

  it('ends with the reason of the signal', async () => {
    await using server = await loopbackServer(() => stop.abort(reason));
    const stop = new AbortController();
    const reason = new Error('asked to stop');

    const waiting = exchangeHttp({ method: 'GET', url: server.url, timeoutMs: 5000 }, stop.signal);

    await assert.rejects(waiting, reason);
  });
});

/** A server that is gone: nobody listens at its port any more. */
async function closedServer(): Promise<{ readonly url: string }> {
  await using server = await loopbackServer(() => undefined);
  return { url: server.url };
}
