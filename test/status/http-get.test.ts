import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

import { httpGet } from '../../src/status/http-get.ts';
import { closedPort, loopbackServer, type LoopbackServer } from '../support/http-server.ts';

const ENDLESS = new AbortController().signal;

/** Redirects `/<n>` to `/<n - 1>`, and answers at `/0`. */
function countdown(requests: IncomingMessage[], status = 302): Promise<LoopbackServer> {
  return loopbackServer((request, response) => {
    requests.push(request);
    const left = Number(request.url?.slice(1));
    if (left === 0) response.end('arrived');
    else response.writeHead(status, { Location: `/${left - 1}` }).end();
  });
}

describe('httpGet', () => {
  for (const status of [301, 302, 303, 307, 308]) {
    it(`follows a redirect with ${status}, with the same headers`, async () => {
      const requests: IncomingMessage[] = [];
      await using server = await countdown(requests, status);
      const get = { url: `${server.url}/1`, headers: { accept: 'text/plain' }, redirectLimit: 10 };

      const answer = await httpGet(get, ENDLESS);

      assert.equal(await text(answer), 'arrived');
      assert.deepEqual(
        requests.map(({ url, headers }) => [url, headers.accept]),
        [
          ['/1', 'text/plain'],
          ['/0', 'text/plain'],
        ],
      );
    });
  }

  it('fails at the redirect that is the limit', async () => {
    const requests: IncomingMessage[] = [];
    await using server = await countdown(requests);
    const get = { headers: {}, redirectLimit: 10 };

    assert.equal(await text(await httpGet({ ...get, url: `${server.url}/9` }, ENDLESS)), 'arrived');
    await assert.rejects(httpGet({ ...get, url: `${server.url}/10` }, ENDLESS), {
      message: 'stopped after 10 redirects',
      status: undefined,
    });
  });

  it('takes a redirect for a failure when none is to be followed, or it leads nowhere', async () => {
    await using server = await loopbackServer((request, response) => {
      response.writeHead(302, request.url === '/lost' ? {} : { Location: '/' }).end();
    });

    for (const [path, limit] of [
      ['/', {}],
      ['/lost', { redirectLimit: 10 }],
    ] as const) {
      const get = httpGet({ url: server.url + path, headers: {}, ...limit }, ENDLESS);
      await assert.rejects(get, { message: 'unexpected status 302', status: 302 });
    }
  });

  for (const location of ['file:///etc/passwd', 'http://']) {
    it(`does not follow a redirect to ${location}`, async () => {
      await using server = await loopbackServer((_request, response) => {
        response.writeHead(302, { Location: location }).end();
      });

      await assert.rejects(httpGet({ url: server.url, headers: {}, redirectLimit: 10 }, ENDLESS), {
        message: 'redirected to what is no HTTP address',
      });
    });
  }

  it('follows a redirect to another host, and says when that cannot be reached', async () => {
    const port = await closedPort();
    await using server = await loopbackServer((_request, response) => {
      response.writeHead(302, { Location: `http://127.0.0.2:${port}/` }).end();
    });

    await assert.rejects(httpGet({ url: server.url, headers: {}, redirectLimit: 10 }, ENDLESS), {
      message: `connect ECONNREFUSED 127.0.0.2:${port}`,
    });
  });
});
