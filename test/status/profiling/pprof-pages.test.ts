import assert from 'node:assert/strict';

import type { DebugSettings } from '../../../src/status/routes.ts';
import { startStatus, type StatusFixture } from '../fixtures/status-fixture.ts';

function started(commandLine: readonly string[] = []): Promise<StatusFixture> {
  const debug: DebugSettings = { enabled: true, profiling: true, commandLine, logLevels: new Map() };
  return startStatus({ debug });
}

/** Waits until a profile is being taken. */
async function looking({ clock }: StatusFixture): Promise<void> {
  while (clock.sleepers === 0) await new Promise(setImmediate);
}

function ask(status: StatusFixture, page: string, signal: AbortSignal | null = null): Promise<Response> {
  return fetch(`${status.url}/debug/pprof/${page}`, { signal });
}

describe('/debug/pprof/', () => {
  it('tells what there is', async () => {
    await using status = await started();

    const answer = await ask(status, '');

    assert.equal(answer.status, 200);
    for (const page of [/^cmdline /m, /^profile\?/m, /^heap\?/m])
      assert.match(await answer.clone().text(), page);
  });

  it('has nothing that Go alone has', async () => {
    await using status = await started();

    for (const page of ['symbol', 'trace', 'goroutine', 'profile/', 'Profile']) {
      assert.equal((await ask(status, page)).status, 404, page);
    }
  });

  it('tells the command line, its words joined by NUL', async () => {
    await using status = await started(['/usr/bin/agent', 'proxy', '--domain', 'a.b']);

    assert.equal(await (await ask(status, 'cmdline')).text(), '/usr/bin/agent\0proxy\0--domain\0a.b');
  });

  it('masks what is secret in it', async () => {
    const words = [
      'agent',
      '--api-key=k1',
      '--token',
      't1',
      '--url=http://u:p1@host',
      'eyJhbGciOiJI.eyJpc3Mi.c2ln',
    ];
    await using status = await started(words);

    const shown = (await (await ask(status, 'cmdline')).text()).split('\0');

    assert.deepEqual(shown, ['agent', '--api-key=***', '--token', '***', '--url=http://***@host', '***']);
  });

  for (const [page, name, start] of [
    ['profile?seconds=3', 'agent.cpuprofile', '{"nodes":'],
    ['heap?seconds=3', 'agent.heapprofile', '{"head":'],
  ] as const) {
    it(`gives ${name} after the seconds that were asked for`, async () => {
      await using status = await started();

      const asked = ask(status, page);
      await looking(status);
      await status.clock.tick(3000);
      const answer = await asked;

      assert.equal(answer.status, 200);
      assert.equal(answer.headers.get('content-disposition'), `attachment; filename="${name}"`);
      assert.ok((await answer.text()).startsWith(start));
    });
  }

  it('looks on for 30 seconds where none are asked for', async () => {
    await using status = await started();

    const asked = ask(status, 'profile');
    await looking(status);
    await status.clock.tick(29_999);
    assert.equal(status.clock.sleepers, 1);
    await status.clock.tick(1);

    assert.equal((await asked).status, 200);
  });

  it('refuses other spans than 1 to 300 whole seconds', async () => {
    await using status = await started();

    for (const seconds of ['0', '-1', '301', '1.5', 'x', '1e9']) {
      const answer = await ask(status, `profile?seconds=${seconds}`);
      assert.deepEqual(
        [answer.status, await answer.text()],
        [400, 'seconds must be a whole number from 1 to 300\n'],
      );
    }
  });

  it('refuses a second one meanwhile, and goes on when the first caller leaves', async () => {
    await using status = await started();
    const leaving = new AbortController();
    const first = ask(status, 'profile?seconds=9', leaving.signal);
    await looking(status);

    const second = await ask(status, 'heap?seconds=9');
    leaving.abort();
    await assert.rejects(first);
    while (status.clock.sleepers > 0) await new Promise(setImmediate);
    const third = ask(status, 'profile?seconds=1');
    await looking(status);
    await status.clock.tick(1000);

    assert.equal(second.status, 409);
    assert.match(await second.text(), /^another profile is being taken/);
    assert.equal((await third).status, 200);
    assert.deepEqual(status.logged.messages('error'), []);
  });
});
