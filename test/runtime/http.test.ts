import { deepEqual, equal, rejects } from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { readBody, sendHttp } from '../../src/runtime/http.ts';
import { loopbackServer } from '../support/http-server.ts';

const SRC = join(import.meta.dirname, '../../src');

/** What a process has loaded of Node itself after it imported the modules. */
function loadedBy(...modules: readonly string[]): string[] {
  const imports = modules.map((module) => `await import(${JSON.stringify(join(SRC, module))});`).join('');
  const program = `${imports} console.log(JSON.stringify(process.moduleLoadList))`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    encoding: 'utf8',
  });
  return JSON.parse(stdout) as string[];
}

const FETCH = /deps\/undici/;

describe('http', () => {
  it('gives node:http without fetch', () => {
    const loaded = loadedBy('runtime/http.ts');

    equal(loaded.includes('NativeModule http'), true);
    deepEqual(
      loaded.filter((name) => FETCH.test(name)),
      [],
    );
  });

  it('is how the whole agent uses it', () => {
    const loaded = loadedBy('cli/proxy.ts', 'cli/request.ts', 'agent/agent.ts', 'runtime/execa-spawn.ts');

    deepEqual(
      loaded.filter((name) => FETCH.test(name)),
      [],
    );
  });
});

describe('sendHttp', () => {
  it('gives the answer and, by readBody, its bytes', async () => {
    await using server = await loopbackServer(async (request, response) => {
      response.writeHead(418).end(`${request.method} ${(await readBody(request)).toString()}`);
    });
    const { signal } = new AbortController();

    const response = await sendHttp(server.url, { method: 'POST', body: 'tea', agent: false, signal });

    equal(response.statusCode, 418);
    equal((await readBody(response)).toString(), 'POST tea');
  });

  it('ends with the reason of the signal, before and after the answer began', async () => {
    await using server = await loopbackServer((_request, response) => void response.write('first'));
    const gone = new AbortController();
    const response = await sendHttp(server.url, { agent: false, signal: gone.signal });

    gone.abort(new Error('gave up'));

    await rejects(readBody(response));
    await rejects(sendHttp(server.url, { agent: false, signal: gone.signal }), /gave up/);
  });

  it('refuses a body that is too long', async () => {
    await using server = await loopbackServer((_request, response) => void response.end('123456'));
    const { signal } = new AbortController();

    const response = await sendHttp(server.url, { agent: false, signal });

    await rejects(readBody(response, 5), /longer than 5 bytes/);
  });
});
