import { deepEqual, equal, match, ok, rejects } from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

import { FakeClock } from '../../support/fake-clock.ts';
import { closedPort } from '../../support/http-server.ts';
import { http2App } from './fixtures/health-server.ts';
import { LIVEZ, startProbing } from './fixtures/probing.ts';
import { sampleApp } from './fixtures/sample-app.ts';
import { until } from './fixtures/until.ts';

describe('AppProbes', () => {
  it('asks the application from the address that capture leaves alone', async () => {
    await using app = await sampleApp();
    await using probing = await startProbing({ httpGet: { path: '/ready', port: app.port } });

    const { status, body } = await probing.ask();

    deepEqual([status, body], [200, 'fine']);
    deepEqual(
      app.seen.map(({ path, source }) => [path, source]),
      [['/ready', '127.0.0.6']],
    );
    deepEqual(probing.logged.records, []);
  });

  it('finds the prober by the path alone', async () => {
    await using app = await sampleApp();
    await using probing = await startProbing({ httpGet: { path: '/ready', port: app.port } });

    equal((await probing.ask([], `${LIVEZ}?verbose=1`)).status, 200);
    equal((await probing.ask([], LIVEZ.replace('web', 'w%65b'))).status, 200);
    deepEqual(
      app.seen.map(({ path }) => path),
      ['/ready', '/ready'],
    );
  });

  it('answers 400 where there is no such prober, and says which', async () => {
    await using probing = await startProbing({ tcpSocket: { port: 1 } });

    const { status, body } = await probing.ask([], '/app-health/nobody/livez?x');

    equal(status, 400);
    equal(body, 'app prober config does not exists for /app-health/nobody/livez');
    deepEqual(probing.logged.messages('error'), ['Prober does not exists url /app-health/nobody/livez']);
  });

  it('fails with an empty 500 and two lines in the log when nobody listens', async () => {
    const port = await closedPort();
    await using probing = await startProbing({ httpGet: { path: 'ready\u0007?x', port } });

    const { status, body } = await probing.ask();

    deepEqual([status, body], [500, '']);
    const [record] = probing.logged.records;
    equal(record?.scope, 'probes');
    equal(record.level, 'error');
    equal(
      record.message,
      `Request to probe app failed: connect ECONNREFUSED 127.0.0.1:${port}, ` +
        `original URL path = ${LIVEZ}\napp URL path = /ready\\a?x`,
    );
  });

  for (const [kind, prober] of Object.entries({
    httpGet: { httpGet: { port: 1 } },
    https: { httpGet: { port: 1, scheme: 'HTTPS' } },
    tcpSocket: { tcpSocket: { port: 1 } },
    grpc: { grpc: { port: 1 } },
  })) {
    it(`fails when the source address cannot be bound: ${kind}`, async () => {
      await using probing = await startProbing(prober, { source: '203.0.113.9' });

      equal((await probing.ask()).status, 500);
      match(probing.logged.messages('error').join(), /EADDRNOTAVAIL/);
    });

    it(`fails for a port that is none: ${kind}`, async () => {
      const [[name, action]] = Object.entries(prober) as [[string, object]];
      await using probing = await startProbing({ [name]: { ...action, port: 70_000 } });

      equal((await probing.ask()).status, 500);
      match(probing.logged.messages('error').join(), /70000/);
    });
  }

  it('goes to localhost with the family of its source', async () => {
    await using app = await sampleApp({ host: '::1' });
    await using probing = await startProbing(
      { httpGet: { port: app.port } },
      { source: '::1', destination: 'localhost' },
    );

    equal((await probing.ask()).status, 200);
    equal(app.seen[0]?.source, '::1');
  });

  it('fails for a destination in brackets, as the reference does', async () => {
    await using app = await sampleApp({ host: '::1' });
    await using probing = await startProbing(
      { httpGet: { port: app.port } },
      { source: '::1', destination: '[::1]' },
    );

    equal((await probing.ask()).status, 500);
    match(
      probing.logged.messages('error').join(),
      /: \[::1\] is no address: INSTANCE_IP takes no brackets, /,
    );
  });

  it('gives up after the time limit, and lets go of the application', async () => {
    const clock = new FakeClock();
    await using app = await sampleApp();
    await using probing = await startProbing(
      { httpGet: { path: '/hang', port: app.port }, timeoutSeconds: 5 },
      { clock },
    );
    const asked = probing.ask();
    await until(() => app.seen.length === 1);

    await clock.tick(4999);
    equal(probing.logged.records.length, 0);
    await clock.tick(1);

    deepEqual([(await asked).status, (await asked).body], [500, '']);
    match(probing.logged.messages('error')[0] ?? '', /^Request to probe app failed: no answer within 5s, /);
    await until(() => app.open.size === 0);
  });

  it('gives up on a body that does not come to its end', async () => {
    const clock = new FakeClock();
    await using app = await sampleApp({ answer: (_request, response) => void response.write('slow') });
    await using probing = await startProbing({ httpGet: { port: app.port }, timeoutSeconds: 1 }, { clock });
    const asked = probing.ask();
    await until(() => app.seen.length === 1);

    await clock.tick(1000);

    deepEqual([(await asked).status, (await asked).body], [500, '']);
    match(probing.logged.messages('error').join(), /: no answer within 1s, /);
    await until(() => app.open.size === 0);
  });

  it('waits without a limit where none is given', async () => {
    const clock = new FakeClock();
    const answers: (() => void)[] = [];
    await using app = await sampleApp({
      answer: (_request, response) => void answers.push(() => response.end()),
    });
    await using probing = await startProbing({ httpGet: { port: app.port } }, { clock });
    const asked = probing.ask();
    await until(() => answers.length === 1);

    await clock.tick(3_600_000);
    answers[0]?.();

    equal((await asked).status, 200);
  });

  it('gives a gRPC probe a second where no limit is given', async () => {
    const clock = new FakeClock();
    const calls: unknown[] = [];
    await using app = await http2App((stream) => void calls.push(stream));
    await using probing = await startProbing({ grpc: { port: app.port } }, { clock });
    const asked = probing.ask();
    await until(() => calls.length === 1);

    await clock.tick(999);
    equal(probing.logged.records.length, 0);
    await clock.tick(1);

    equal((await asked).status, 500);
  });

  it('cancels what it asks when the caller goes away', async () => {
    await using app = await sampleApp();
    await using probing = await startProbing({ httpGet: { path: '/hang', port: app.port } });
    const leaving = new AbortController();
    const asked = probing.ask([], LIVEZ, leaving.signal);
    await until(() => app.seen.length === 1);

    leaving.abort();

    await rejects(asked);
    await until(() => app.open.size === 0);
    await until(() => probing.logged.records.length === 1);
    match(probing.logged.messages('error')[0] ?? '', /the caller did not wait for the answer/);
  });

  it('lets so many probes of one path wait for the application, and turns the others away', async () => {
    await using app = await sampleApp();
    await using probing = await startProbing({ httpGet: { path: '/hang', port: app.port } });
    const leaving = new AbortController();
    const statuses: number[] = [];
    const flood = Array.from({ length: 150 }, () =>
      probing.ask([], LIVEZ, leaving.signal).then(
        ({ status }) => statuses.push(status),
        () => undefined,
      ),
    );

    await until(() => app.seen.length === 32 && statuses.length === 150 - 32 - 64);
    equal((await probing.ask()).status, 503);
    leaving.abort();
    await Promise.all(flood);
    deepEqual(statuses, Array(150 - 32 - 64).fill(503));
    await until(() => app.open.size === 0);
    equal((await probing.ask([], '/app-health/x/livez')).status, 400);
    ok(app.seen.length <= 96);
  });

  it('answers every probe of a burst that the application can bear', async () => {
    await using app = await sampleApp();
    await using probing = await startProbing({ httpGet: { port: app.port } });

    const answers = await Promise.all(Array.from({ length: 90 }, () => probing.ask()));

    ok(answers.every(({ status }) => status === 200));
    await until(() => app.open.size === 0);
  });

  it('loads neither TLS nor HTTP/2 before a probe needs them', async () => {
    const program = `
      const { AppProbes } = await import(${JSON.stringify(import.meta.resolve('../../../src/status/probes/app-probes.ts'))});
      console.log(typeof AppProbes, process.moduleLoadList.filter((name) => /http2|tls|undici/.test(name)).join());`;

    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);

    equal(stdout.trim(), 'function');
  });
});
