import { deepEqual, equal, ok } from 'node:assert/strict';

import type { ExitOnZero } from '../../../src/config/shutdown-config.ts';
import type { ModelSupervisor } from '../support/model-supervisor.ts';
import { live } from '../support/live-supervisor.ts';
import { argumentSettings, shutdown } from '../support/settings.ts';

const DRAINED = { kind: 'drained' };
const connections = (count: number): string => `listener.0.0.0.0_15006.downstream_cx_active: ${count}\n`;
const requests = (count: number): string =>
  `http.admin.downstream_rq_active: 1\nhttp.inbound_0.0.0.0_8080;.downstream_rq_active: ${count}\n`;

/** What the statistics say at each look; undefined: no answer. After the last one there are none. */
type Looks = readonly (string | undefined)[];

async function watched(changes: Partial<ExitOnZero>, looks: Looks) {
  const exitOnZero: ExitOnZero = {
    of: 'connections',
    minimumDrainMs: 5000,
    maximumDrainMs: undefined,
    ignoredPorts: [15_021],
    ...changes,
  };
  const subject = await live({ shutdown: shutdown({ exitOnZero }) });
  const left = [...looks];
  subject.world.stats = () => {
    const text = left.length === 0 ? '' : left.shift();
    if (text === undefined) throw new Error('reset');
    return text;
  };
  return { subject, left };
}

/** The supervisor ends after so many milliseconds, and not before. */
async function endsAfter(subject: ModelSupervisor, ms: number): Promise<void> {
  await subject.pass(ms - 50);
  equal(subject.end, undefined, 'too early');
  await subject.pass(100);
  deepEqual(subject.end, DRAINED);
}

function said(subject: ModelSupervisor): readonly string[] {
  return subject.recorded.messages().filter((message) => /active (connections|requests)/.test(message));
}

describe('untilNothingIsOpen', () => {
  it('U5: takes an idle proxy 6.0 s', async () => {
    const { subject } = await watched({}, [connections(0)]);

    subject.stop();

    await endsAfter(subject, 6000);
  });

  it('U5: looks every second until no connection is open: 6, 3, 0', async () => {
    const { subject, left } = await watched({}, [connections(6), connections(3), connections(0)]);

    subject.stop();

    await endsAfter(subject, 8000);
    deepEqual(left, []);
    deepEqual(said(subject), [
      'Agent draining proxy for 5s, then waiting for active connections to terminate...',
      'Checking for active connections...',
      'There are still 6 active connections',
      'There are still 3 active connections',
      'There are no more active connections. terminating proxy...',
    ]);
  });

  it('U5: gives up at the fifth look in a row that fails: 4 errors, an answer, 5 errors', async () => {
    const failures = (count: number): undefined[] => Array.from({ length: count }, () => undefined);
    const { subject, left } = await watched({}, [
      ...failures(4),
      connections(2),
      ...failures(5),
      connections(1),
    ]);

    subject.stop();

    await endsAfter(subject, 15_000);
    deepEqual(left, [connections(1)]);
  });

  it('U5: ends when Envoy has no statistics', async () => {
    const { subject } = await watched({}, ['']);

    subject.stop();

    await endsAfter(subject, 6000);
    ok(said(subject).includes('Envoy has no statistics of active connections. terminating proxy...'));
  });

  for (const [when, ms] of [
    ['the minimum', 1000],
    ['the looks', 7500],
  ] as const) {
    it(`U4: returns at once when Envoy ends during ${when}`, async () => {
      const looks = Array.from({ length: 9 }, () => connections(1));
      const { subject } = await watched({}, looks);
      subject.stop();
      await subject.pass(ms);

      subject.world.envoys[0]?.end({ code: 0, signal: null });
      await subject.pass(50);

      deepEqual(subject.end, DRAINED);
    });
  }

  it('looks again as soon as an Envoy that hangs could have answered', async () => {
    const { subject } = await watched({}, []);
    const [envoy] = subject.world.envoys;
    subject.stop();
    await subject.pass(5500);
    if (envoy !== undefined) envoy.stuck = true;

    await subject.pass(10_400); // from 6 s on, five times 2 s
    equal(subject.supervisor.snapshot().phase, 'draining');
    await subject.pass(200);

    equal(subject.supervisor.snapshot().phase, 'terminating');
    await subject.finish();
  });

  it('asks an Envoy whose kept connection broke over a new one', async () => {
    const { subject, left } = await watched({}, [connections(1), connections(0)]);
    subject.world.broken = subject.world.lifelines;

    subject.stop();

    await endsAfter(subject, 7000);
    deepEqual(left, []);
  });

  it('counts the connections of an older Envoy that drains, over the kept connection to it', async () => {
    const { subject } = await watched({ minimumDrainMs: 0 }, [
      connections(0),
      connections(1),
      connections(0),
    ]);
    await subject.restart(300);

    subject.stop();
    await subject.pass(1100);

    ok(said(subject).includes('There are still 1 active connections'));
    await subject.finish();
  });

  describe('with an older Envoy that drains for a minute', () => {
    const looks = Array.from({ length: 20 }, () => connections(1));

    async function handedOver() {
      const { subject } = await watched({ minimumDrainMs: 0 }, looks);
      subject.configured = { arguments: argumentSettings({ parentShutdownDurationMs: 60_000 }) };
      await subject.restart(300);
      return subject;
    }

    it('goes on counting its connections when the newer one has ended', async () => {
      const subject = await handedOver();
      subject.world.sockets = () => {
        throw new Error('no such process');
      };
      subject.stop();

      subject.world.envoys[1]?.end({ code: null, signal: 'SIGSEGV' });
      await subject.pass(8000);

      equal(subject.supervisor.snapshot().phase, 'draining');
      equal(subject.supervisor.snapshot().ending?.open, 1);
      await subject.finish();
    });

    it('counts those of the newer one when the older one cannot be asked', async () => {
      const subject = await handedOver();
      subject.world.broken = subject.world.lifelines;
      subject.stop();

      await subject.pass(8000);

      equal(subject.supervisor.snapshot().phase, 'draining');
      equal(subject.supervisor.snapshot().ending?.open, 1);
      await subject.finish();
    });
  });

  it('shows what it waits for, and until when', async () => {
    const { subject } = await watched({ maximumDrainMs: 20_000 }, [connections(4), connections(4)]);
    const begunMs = subject.clock.now();
    const shown = () => {
      const { step, deadline, open } = subject.supervisor.snapshot().ending ?? {};
      return [step, deadline && deadline.getTime() - begunMs, open];
    };
    subject.stop();
    await subject.pass(100);
    deepEqual(shown(), ['minimum drain', 5000, undefined]);

    await subject.pass(6000);

    deepEqual(shown(), ['connections', 20_000, 4]);
    await subject.finish();
  });

  it('ends at MAXIMUM_DRAIN_DURATION from the drain, whatever is open', async () => {
    const looks = Array.from({ length: 9 }, () => connections(4));
    const { subject } = await watched({ maximumDrainMs: 7500 }, looks);

    subject.stop();

    await endsAfter(subject, 7500);
    ok(
      subject.recorded
        .messages('warn')
        .includes('MAXIMUM_DRAIN_DURATION ends the drain, still open: 4 connections'),
    );
  });

  it('ends at MAXIMUM_DRAIN_DURATION though the minimum is longer', async () => {
    const { subject } = await watched({ maximumDrainMs: 2000 }, []);

    subject.stop();

    await endsAfter(subject, 2000);
  });

  it('waits for requests, not for idle connections, when told so', async () => {
    const { subject, left } = await watched({ of: 'requests' }, [requests(2), requests(0)]);

    subject.stop();

    await endsAfter(subject, 7000);
    deepEqual(left, []);
    deepEqual(said(subject).slice(2), [
      'There are still 2 active requests',
      'There are no more active requests. terminating proxy...',
    ]);
  });

  it('warns of a line that it cannot read, once', async () => {
    const bad = `listener.a.downstream_cx_active: x\n${connections(1)}`;
    const { subject } = await watched({}, [bad, bad, connections(0)]);

    subject.stop();
    await subject.pass(8100);

    deepEqual(
      subject.recorded.messages('warn').filter((message) => message.includes('left out')),
      ["a line of Envoy's statistics is left out: listener.a.downstream_cx_active: x"],
    );
    await subject.finish();
  });
});
