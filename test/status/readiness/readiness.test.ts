import assert from 'node:assert/strict';

import { GrpcBootstrapCheck } from '../../../src/status/readiness/grpc-bootstrap-check.ts';
import {
  Readiness,
  type EnvoyTarget,
  type Prober,
  type ReadinessDeps,
} from '../../../src/status/readiness/readiness.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { LIVE_PAGE, startFakeAdmin, type FakeAdmin } from '../fixtures/fake-admin.ts';

interface Setup extends AsyncDisposable {
  readonly admin: FakeAdmin;
  readonly clock: FakeClock;
  readonly stop: AbortController;
  readonly readiness: Readiness;
  readonly probers: Prober[];
  target: EnvoyTarget;
}

async function setup(deps: Partial<ReadinessDeps> = {}): Promise<Setup> {
  const admin = await startFakeAdmin();
  const clock = new FakeClock();
  const stop = new AbortController();
  const probers: Prober[] = [];
  const made: Setup = {
    admin,
    clock,
    stop,
    probers,
    target: { admin: { host: '127.0.0.1', port: admin.port }, activeGeneration: 1, unanswerable: false },
    readiness: new Readiness({
      envoy: () => made.target,
      probers,
      rejections: () => [],
      clock,
      stopping: stop.signal,
      ...deps,
    }),
    [Symbol.asyncDispose]: () => admin[Symbol.asyncDispose](),
  };
  return made;
}

async function reasonOf(readiness: Readiness): Promise<string | undefined> {
  return (await readiness.check()).reason;
}

describe('Readiness that is known at once', () => {
  it('is so after the first check that passed, without another question', async () => {
    await using made = await setup();
    assert.equal(made.readiness.known(), undefined);

    const report = await made.readiness.check();

    assert.equal(made.readiness.known(), report);
    assert.equal(made.admin.requests.length, 2);
  });

  it('is not while something fails, or is amiss', async () => {
    await using made = await setup();
    made.admin.page = '';
    await made.readiness.check();
    assert.equal(made.readiness.known(), undefined);
    made.target = { ...made.target, activeGeneration: 2, impairment: 'degraded' };
    made.admin.page = LIVE_PAGE;

    await made.readiness.check();

    assert.equal(made.readiness.known(), undefined);
  });

  it('is not of another Envoy, of none, of one that is impaired, or of an agent that ends', async () => {
    await using made = await setup();
    await made.readiness.check();
    const { target } = made;

    for (const change of [
      { activeGeneration: 2 },
      { activeGeneration: undefined },
      { impairment: 'degraded' },
    ]) {
      made.target = { ...target, ...change };
      assert.equal(made.readiness.known(), undefined);
    }
    made.target = target;
    assert.equal(made.readiness.known()?.reason, undefined);
    made.stop.abort(new Error('terminated'));
    assert.equal(made.readiness.known(), undefined);
  });

  it('is not where a prober has to be asked, or does not pass any more', async () => {
    await using made = await setup();
    let passes = true;
    made.probers.push({ name: 'quick', failure: () => undefined, passes: () => passes });
    await made.readiness.check();
    assert.notEqual(made.readiness.known(), undefined);

    passes = false;
    assert.equal(made.readiness.known(), undefined);
    passes = true;
    made.probers.push({ name: 'slow', failure: async () => undefined });

    assert.equal(made.readiness.known(), undefined);
  });
});

describe('Readiness', () => {
  it('is ready when Envoy has its configuration and serves', async () => {
    await using made = await setup();

    assert.deepEqual(await made.readiness.check(), {
      checks: [{ name: 'envoy-config' }, { name: 'envoy-serving' }],
      reason: undefined,
    });
    assert.equal(made.admin.requests.length, 2);
  });

  it('does not ask Envoy again once it was ready, whatever the admin says later', async () => {
    await using made = await setup();
    await made.readiness.check();
    made.admin.page = '';

    assert.equal(await reasonOf(made.readiness), undefined);
    assert.equal(made.admin.requests.length, 2);
  });

  it('asks again while not ready', async () => {
    await using made = await setup();
    made.admin.page = 'cluster_manager.cds.update_success: 1\nlistener_manager.lds.update_success: 1\n';
    assert.match((await reasonOf(made.readiness)) ?? '', /server\.state is not yet updated/);
    assert.match((await reasonOf(made.readiness)) ?? '', /server\.state is not yet updated/);

    made.admin.page = 'listener_manager.workers_started: 1\nserver.state: 0\n';

    assert.equal(await reasonOf(made.readiness), undefined, 'the received configuration is remembered');
  });

  it('does not ask whether Envoy serves before it has its configuration', async () => {
    await using made = await setup();
    made.admin.page = 'listener_manager.workers_started: 1\nserver.state: 0\n';

    const report = await made.readiness.check();

    assert.match(report.reason ?? '', /^config not received/);
    assert.equal(report.checks.length, 1);
  });

  it('stays ready during a handoff and judges the new epoch when it has taken over', async () => {
    await using made = await setup();
    await made.readiness.check();
    made.admin.page = ''; // the admin is the candidate's already
    assert.equal(await reasonOf(made.readiness), undefined);

    made.target = { ...made.target, activeGeneration: 2 };

    assert.match((await reasonOf(made.readiness)) ?? '', /^config not received/);
  });

  it('gives an Envoy that cannot be asked the last answer it had', async () => {
    await using made = await setup();
    made.admin.page = 'listener_manager.lds.update_rejected: 1\n';
    const failed = await made.readiness.check();
    made.target = { ...made.target, unanswerable: true };
    const meanwhile = await made.readiness.check();
    made.target = { ...made.target, activeGeneration: 2 };

    assert.deepEqual(meanwhile, failed);
    assert.equal(await reasonOf(made.readiness), undefined, 'the next one was never asked, and serves');
    assert.equal(made.admin.requests.length, 1);
  });

  it('asks nobody in the place of an Envoy that is gone', async () => {
    await using made = await setup();
    made.admin.page = '';
    made.target = { ...made.target, activeGeneration: undefined, unanswerable: true };

    assert.match((await reasonOf(made.readiness)) ?? '', /^config not received/);
  });

  it('judges anew when a handoff began during the poll', async () => {
    await using made = await setup();
    const gate = Promise.withResolvers<void>();
    made.admin.held = gate.promise;
    const answer = reasonOf(made.readiness);
    await made.admin.requested(1);
    made.target = { ...made.target, unanswerable: true };
    made.admin.page = ''; // the candidate answers
    gate.resolve();

    assert.equal(await answer, undefined);
  });

  it('tells what is wrong with an Envoy that serves all the same', async () => {
    await using made = await setup();
    made.target = { ...made.target, impairment: 'degraded' };

    const { checks, reason } = await made.readiness.check();

    assert.equal(reason, undefined);
    assert.deepEqual(checks.at(-1), { name: 'envoy-serving', remark: 'degraded' });
  });

  it('U19 asks over a new connection each time', async () => {
    await using made = await setup();
    await made.readiness.check();
    made.target = { ...made.target, activeGeneration: 2 };
    await made.readiness.check();

    assert.deepEqual([made.admin.requests.length, made.admin.connections], [4, 4]);
  });

  it('forgets when no Envoy runs, and remembers nothing until one does', async () => {
    await using made = await setup();
    await made.readiness.check();

    made.target = { ...made.target, activeGeneration: undefined };
    await made.readiness.check();
    made.admin.page = '';

    assert.match((await reasonOf(made.readiness)) ?? '', /^config not received/);
  });

  it('does not credit an epoch that took over during the poll with its predecessor’s answer', async () => {
    await using made = await setup();
    const gate = Promise.withResolvers<void>();
    made.admin.held = gate.promise;
    const first = made.readiness.check();
    made.target = { ...made.target, activeGeneration: 2 };
    gate.resolve();
    await first;
    made.admin.page = '';

    assert.match((await reasonOf(made.readiness)) ?? '', /^config not received/);
  });

  it('follows the admin to another port', async () => {
    await using made = await setup();
    const { admin } = made.target;
    made.target = { ...made.target, admin: { ...admin, port: 1 } };
    assert.match((await reasonOf(made.readiness)) ?? '', /ECONNREFUSED/);

    made.target = { ...made.target, admin };

    assert.equal(await reasonOf(made.readiness), undefined);
  });

  it('reports the status of an admin that refuses', async () => {
    await using made = await setup();
    made.admin.status = 503;

    assert.equal(await reasonOf(made.readiness), 'unexpected status 503');
  });

  it('shares one poll among probes that come together', async () => {
    await using made = await setup();

    await Promise.all([made.readiness.check(), made.readiness.check(), made.readiness.check()]);

    assert.equal(made.admin.requests.length, 2);
  });

  it('gives up the question for the configuration after one second', async () => {
    await using made = await setup();
    made.admin.held = new Promise(() => undefined);
    const answer = reasonOf(made.readiness);

    await made.clock.tick(999);
    assert.equal(made.clock.sleepers, 1, 'still waiting');
    await made.clock.tick(1);

    assert.equal(await answer, `no answer from 127.0.0.1:${made.admin.port} within 1000 ms`);
    assert.equal(made.clock.sleepers, 0);
  });

  it('answers within three seconds in all', async () => {
    await using made = await setup();
    const gate = Promise.withResolvers<void>();
    made.admin.held = gate.promise;
    const answer = reasonOf(made.readiness);
    await made.admin.requested(1);
    await made.clock.tick(900);
    made.admin.held = new Promise(() => undefined);
    gate.resolve();
    await made.admin.requested(2);

    await made.clock.tick(2100);

    assert.match((await answer) ?? '', /within 2100 ms$/);
  });

  it('gives up within that time when another Envoy takes over at every question', async () => {
    const clock = new FakeClock();
    const asked: number[] = [];
    let activeGeneration = 0;
    await using made = await setup({
      clock,
      envoy: () => ({ ...made.target, activeGeneration: (activeGeneration += 1) }),
      ask: async (_admin, _path, timeoutMs) => {
        asked.push(timeoutMs);
        await clock.tick(800);
        return '';
      },
    });

    assert.match((await reasonOf(made.readiness)) ?? '', /^config not received/);

    assert.deepEqual(asked, [1000, 1000, 1000, 600]);
  });

  it('tells of every check that passes, and of no other', async () => {
    let passed = 0;
    await using made = await setup({ passed: () => (passed += 1) });
    made.admin.page = '';
    await made.readiness.check();
    assert.equal(passed, 0);

    made.admin.page = LIVE_PAGE;
    await made.readiness.check();

    assert.equal(passed, 1);
  });

  it('asks an Envoy of an IPv6 pod, too', async () => {
    await using made = await setup();
    made.target = { ...made.target, admin: { host: '::1', port: 1 } };

    assert.equal(await reasonOf(made.readiness), 'connect ECONNREFUSED ::1:1');
  });

  it('fails once the agent ends, even if it was ready', async () => {
    await using made = await setup();
    await made.readiness.check();

    made.stop.abort(new Error('received SIGTERM'));

    assert.equal(await reasonOf(made.readiness), 'server is terminated: received SIGTERM');
  });

  it('lets Envoy’s reason come before a prober’s, and a prober’s fail a ready Envoy', async () => {
    await using made = await setup();
    made.probers.push({ name: 'dns', failure: () => 'no table' });
    assert.equal(await reasonOf(made.readiness), 'no table');

    made.target = { ...made.target, activeGeneration: 2 };
    made.admin.page = '';

    assert.match((await reasonOf(made.readiness)) ?? '', /^config not received/);
  });

  it('asks for the bootstrap of a proxyless application like any other check', async () => {
    await using made = await setup();
    made.probers.push(new GrpcBootstrapCheck({ path: 'grpc.json', workingDirectory: '/no/such/folder' }));

    assert.match((await reasonOf(made.readiness)) ?? '', /^failed loading grpc\.json: ENOENT/);
  });

  it('takes a prober that throws for one that fails', async () => {
    await using made = await setup();
    made.probers.push({ name: 'broken', failure: () => Promise.reject(new Error('no such file')) });

    assert.equal(await reasonOf(made.readiness), 'no such file');
  });

  it('names the checks that failed, and why the first did, in upstream’s order', async () => {
    await using made = await setup();
    made.probers.push({ name: 'a', failure: () => 'first' }, { name: 'b', failure: () => 'second' });

    const { checks, reason } = await made.readiness.check();

    assert.equal(reason, 'first');
    assert.deepEqual(checks.slice(2), [
      { name: 'a', reason: 'first' },
      { name: 'b', reason: 'second' },
    ]);
  });

  it('never asks an Envoy that is not there', async () => {
    await using made = await setup({ envoy: undefined });

    assert.deepEqual(await made.readiness.check(), { checks: [], reason: undefined });
    assert.equal(made.admin.requests.length, 0);
  });

  it('adds Envoy’s own words when it refused its configuration', async () => {
    await using made = await setup({ rejections: () => ['Error adding/updating listener(s) a: no'] });
    made.admin.page = 'cluster_manager.cds.update_success: 1\nlistener_manager.lds.update_rejected: 1\n';

    const [config] = (await made.readiness.check()).checks;

    assert.match(
      config?.reason ?? '',
      /but was rejected: [^a]*cds[^;]*; lds updates: 0 successful, 1 rejected$/,
    );
    assert.deepEqual(config?.rejections, ['Error adding/updating listener(s) a: no']);
    made.admin.page = '';
    assert.equal(
      (await made.readiness.check()).checks[0]?.rejections,
      undefined,
      'none of these was refused',
    );
  });
});
