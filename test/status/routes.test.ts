import assert from 'node:assert/strict';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';

import type { Routes } from '../../src/status/dispatch.ts';
import { routes, type DebugSettings, type RouteParts } from '../../src/status/routes.ts';
import { servingPeer } from './fixtures/peer.ts';
import { startStatus } from './fixtures/status-fixture.ts';

const DEBUG: DebugSettings = { enabled: true, profiling: true, commandLine: [], logLevels: new Map() };

/** Routes that may be asked for, and not asked. */
function table(debug: Partial<DebugSettings> = {}, metricsLoopbackOnly = true): Routes {
  const parts = { metricsLoopbackOnly, actions: {}, views: {}, debug: { ...DEBUG, ...debug } };
  return routes(parts as unknown as RouteParts);
}

function pathsOf({ exact, prefixes }: Routes): readonly string[] {
  return [...exact.keys(), ...prefixes.map(([prefix]) => prefix)];
}

/** Paths that anybody may ask for. */
const OPEN = new Set(['/healthz/ready', '/app-health/', '/app-lifecycle/']);

describe('a caller from outside the pod', () => {
  for (const path of pathsOf(table()).filter((path) => !OPEN.has(path))) {
    it(`is refused at ${path}, whatever the method`, async () => {
      await using server = await servingPeer(table(), '10.0.0.1');

      const answers = await Promise.all(
        ['GET', 'POST'].map((method) => fetch(server.url + path, { method })),
      );

      for (const answer of answers) {
        assert.equal(answer.status, 403);
        assert.equal(await answer.text(), 'Only requests from localhost are allowed\n');
        assert.equal(answer.headers.get('content-type'), 'text/plain; charset=utf-8');
        assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
      }
    });
  }

  it('is not believed what its headers say of it', async () => {
    await using server = await servingPeer(table(), '10.0.0.1');
    const headers = { 'X-Forwarded-For': '127.0.0.1', Forwarded: 'for=127.0.0.1', 'X-Real-IP': '127.0.0.1' };

    assert.equal((await fetch(`${server.url}/debug/certs`, { headers })).status, 403);
  });

  it('may ask for metrics unless the setting says otherwise', () => {
    const { exact } = table({}, false);

    assert.equal(exact.get('/metrics')?.loopbackOnly, false);
    assert.equal(exact.get('/stats/prometheus')?.loopbackOnly, false);
  });
});

describe('debug pages that are switched off', () => {
  it('are all gone, and the actions stay', () => {
    const paths = pathsOf(table({ enabled: false }));

    assert.deepEqual(
      paths.filter((path) => path.startsWith('/debug/')),
      [],
    );
    for (const path of ['/quitquitquit', '/drain', '/restart', '/rotate', '/healthz/ready', '/metrics']) {
      assert.ok(paths.includes(path), path);
    }
  });

  it('are not found', async () => {
    const debug = { ...DEBUG, enabled: false };
    await using status = await startStatus({ debug });

    for (const path of ['readyz', 'logging', 'pprof/', 'pprof/cmdline']) {
      const answer = await fetch(`${status.url}/debug/${path}`);
      assert.deepEqual([answer.status, await answer.text()], [404, '404 page not found\n'], path);
    }
  });

  it('may be the profiles alone', async () => {
    await using status = await startStatus({ debug: { ...DEBUG, profiling: false } });

    assert.equal((await fetch(`${status.url}/debug/pprof/cmdline`)).status, 404);
    assert.equal((await fetch(`${status.url}/debug/readyz`)).status, 200);
  });
});

describe('a request', () => {
  /** The answer to a request line as it stands, on a connection of its own. */
  async function raw(url: string, request: string): Promise<string> {
    const socket = connect(Number(new URL(url).port), '127.0.0.1');
    socket.write(`${request}\r\nHost: x\r\nConnection: close\r\n\r\n`);
    return text(socket);
  }

  it('of any other path is not found', async () => {
    await using status = await startStatus();

    const answer = await fetch(`${status.url}/nothing`);

    assert.deepEqual([answer.status, await answer.text()], [404, '404 page not found\n']);
  });

  it('may name its path as a whole URL, and with encoded letters', async () => {
    await using status = await startStatus();

    for (const target of [`http://any:80/healthz/ready?x=http://b//c`, '/health%7A/ready']) {
      assert.match(await raw(status.url, `GET ${target} HTTP/1.1`), /^HTTP\/1\.1 200 OK/, target);
    }
  });

  it('that takes a detour, or leaves out the last slash, is told the straight way, and not served', async () => {
    await using status = await startStatus();

    for (const [target, location] of [
      ['//healthz/ready?verbose', '/healthz/ready?verbose'],
      ['/healthz/ready/../../quitquitquit', '/quitquitquit'],
      ['/debug/pprof?x', '/debug/pprof/?x'],
    ]) {
      const answer = await raw(status.url, `POST ${target} HTTP/1.1`);
      assert.match(answer, /^HTTP\/1\.1 307 /);
      assert.ok(answer.includes(`\r\nLocation: ${location}\r\n`), answer);
    }
    assert.deepEqual(status.asked, []);
  });

  it('cannot hide its way in encoded dots and slashes', async () => {
    await using status = await startStatus();

    for (const target of ['/healthz%2Fready', '/x/%2e%2e/healthz/ready', '/x%2F..%2Fhealthz/ready']) {
      assert.match(await raw(status.url, `GET ${target} HTTP/1.1`), /^HTTP\/1\.1 404 /, target);
    }
  });

  it('of what is no path is a bad one', async () => {
    await using status = await startStatus();

    for (const target of ['*', '/%zz', '/%ff']) {
      assert.match(await raw(status.url, `OPTIONS ${target} HTTP/1.1`), /^HTTP\/1\.1 400 /, target);
    }
  });

  it('whose answer fails in the middle is cut', async () => {
    const handle = (_request: IncomingMessage, response: ServerResponse): never => {
      response.writeHead(200).write('half');
      throw new Error('broken');
    };
    const exact = new Map([['/half', { loopbackOnly: false, handle }]]);
    await using server = await servingPeer({ exact, prefixes: [] }, '10.0.0.1');

    await assert.rejects(async () => (await fetch(`${server.url}/half`)).text());
  });

  it('by HEAD gets the head alone', async () => {
    await using status = await startStatus();

    for (const path of ['/healthz/ready', '/metrics', '/debug/readyz', '/nothing']) {
      const head = await fetch(status.url + path, { method: 'HEAD' });
      const whole = await fetch(status.url + path);
      assert.deepEqual([head.status, await head.text()], [whole.status, ''], path);
      assert.equal(head.headers.get('content-type'), whole.headers.get('content-type'));
      await whole.text();
    }
  });

  it('may bring a body, which nobody reads', async () => {
    await using status = await startStatus();

    const small = await fetch(`${status.url}/drain`, { method: 'POST', body: 'x'.repeat(1000) });
    const large = await fetch(`${status.url}/drain`, { method: 'POST', body: 'x'.repeat(2 ** 20) });

    assert.deepEqual([small.status, small.headers.get('connection')], [200, 'keep-alive']);
    assert.deepEqual([large.status, large.headers.get('connection')], [200, 'close']);
  });

  it('that wishes for another protocol is answered in this one', async () => {
    await using status = await startStatus();

    const answer = await raw(
      status.url,
      'GET /healthz/ready HTTP/1.1\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk',
    );

    assert.match(answer, /^HTTP\/1\.1 200 OK/);
  });
});
