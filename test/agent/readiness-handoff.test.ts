// Readiness over the supervisor, both in fake time: what the kubelet is told while one Envoy follows another.

import { deepEqual, equal, match } from 'node:assert/strict';

import { envoyTarget } from '../../src/agent/status.ts';
import { AdminPageError } from '../../src/status/readiness/admin-page.ts';
import { Readiness, type ReadinessReport } from '../../src/status/readiness/readiness.ts';
import { verboseText } from '../../src/status/readiness/readiness-report.ts';
import { ModelSupervisor } from '../envoy/support/model-supervisor.ts';
import { LIVE_PAGE } from '../status/fixtures/fake-admin.ts';

class Probed {
  readonly model = new ModelSupervisor();
  readonly readiness: Readiness;
  /** What was asked of which Envoy, by epoch; undefined: nobody listened. */
  readonly asked: (number | undefined)[] = [];

  constructor() {
    const { model } = this;
    this.readiness = new Readiness({
      envoy: () => envoyTarget({ host: '127.0.0.1', port: 15_000 }, model.supervisor.snapshot()),
      probers: [],
      rejections: () => [],
      // as over a connection of its own: whoever has the admin port now answers
      ask: async () => {
        const { admin } = model.world;
        this.asked.push(admin?.epoch);
        if (admin === undefined) throw new AdminPageError('connect ECONNREFUSED');
        return admin.live ? LIVE_PAGE : '';
      },
      clock: model.clock,
      stopping: new AbortController().signal,
    });
  }

  check(): Promise<ReadinessReport> {
    return this.readiness.check();
  }

  /** Probes every 10 ms; gives the reasons it was not ready for, each once. */
  async pass(ms: number): Promise<string[]> {
    const reasons = new Set<string>();
    for (let passed = 0; passed < ms; passed += 10) {
      await this.model.pass(10, 10);
      const { reason } = await this.check();
      if (reason !== undefined) reasons.add(reason);
    }
    return [...reasons];
  }
}

describe('readiness over a handoff', () => {
  let probed: Probed;
  let model: ModelSupervisor;
  beforeEach(() => {
    probed = new Probed();
    ({ model } = probed);
  });
  afterEach(() => model.finish());

  it('U18 is never lost, however long the new Envoy starts', async () => {
    await model.start((index) => (index === 0 ? {} : { liveAfterMs: 2000 }));
    equal((await probed.check()).reason, undefined);

    void model.supervisor.restart('operator');
    const reasons = await probed.pass(4000);

    equal(model.supervisor.snapshot().active?.epoch, 1);
    deepEqual(reasons, []);
    deepEqual(probed.asked, [0, 0, 1, 1], 'the old one and the new one, each once');
  });

  it('U18 is there at the first probe, even if that comes in the middle', async () => {
    await model.start((index) => (index === 0 ? {} : { liveAfterMs: 2000 }));

    void model.supervisor.restart('operator');
    await model.pass(1000, 10);
    const { phase } = model.supervisor.snapshot();

    equal(phase, 'handoff');
    equal((await probed.check()).reason, undefined);
  });

  it('stays when the candidate takes the admin port into its grave, and says so', async () => {
    await model.start((index) =>
      index === 1 ? { ends: { afterMs: 45, exit: { code: 1, signal: null } } } : {},
    );
    await probed.check();

    void model.supervisor.restart('operator');
    const reasons = await probed.pass(600);
    const { adminLost } = model.supervisor.snapshot();
    const verbose = verboseText(await probed.check());
    reasons.push(...(await probed.pass(5000)));

    deepEqual([adminLost, reasons], [true, []]);
    match(verbose, /^ok envoy-config\nok envoy-serving: degraded, Envoy has lost its admin port/);
    equal(model.supervisor.snapshot().adminLost, false);
    equal(verboseText(await probed.check()), 'ok envoy-config\nok envoy-serving\n');
  });

  it('is lost with the Envoy that serves', async () => {
    await model.start((index) => (index === 1 ? { liveAfterMs: undefined } : {}));
    await probed.check();

    void model.supervisor.restart('operator');
    await model.pass(300, 10);
    model.world.envoys[0]?.end({ code: null, signal: 'SIGKILL' });
    await model.pass(10, 10);

    match((await probed.check()).reason ?? '', /ECONNREFUSED|config not received/);
  });
});
