import assert from 'node:assert/strict';

import { load, warningsOf } from './loaded-config.ts';

describe('shutdownConfig', () => {
  it('gives five seconds from the drain to SIGTERM and two more to SIGKILL', async () => {
    const { shutdown } = (await load()).supervision;

    assert.deepEqual(shutdown, {
      preDrainDelayMs: 0,
      terminationDrainMs: 5000,
      exitOnZero: undefined,
      terminationGraceMs: 2000,
      podGraceMs: undefined,
      secondSignalAborts: false,
      nativeSidecarDrain: true,
    });
  });

  it('gives no time from SIGTERM to SIGKILL without hot restart, unless it is set', async () => {
    const off = { ENVOY_HOT_RESTART: 'false' };

    const graces = [await load({ env: off }), await load({ env: { ...off, ENVOY_TERM_GRACE: '3s' } })];

    assert.deepEqual(
      graces.map(({ supervision }) => supervision.shutdown.terminationGraceMs),
      [0, 3000],
    );
  });

  it('takes every limit from its variable', async () => {
    const env = {
      PRE_DRAIN_DELAY: '3s',
      TERMINATION_GRACE_PERIOD_SECONDS: '30',
      AGENT_SECOND_SIGNAL: 'abort',
      NATIVE_SIDECAR_DRAIN: 'false',
      EXIT_ON_ZERO_ACTIVE_REQUESTS: 'true',
      MINIMUM_DRAIN_DURATION: '4s',
      MAXIMUM_DRAIN_DURATION: '1m',
      ENVOY_TERM_GRACE: '1s',
    };

    const { shutdown } = (await load({ env })).supervision;

    assert.equal(shutdown.preDrainDelayMs, 3000);
    assert.equal(shutdown.podGraceMs, 30_000);
    assert.equal(shutdown.secondSignalAborts, true);
    assert.equal(shutdown.nativeSidecarDrain, false);
    assert.equal(shutdown.exitOnZero?.of, 'requests');
    assert.equal(shutdown.exitOnZero?.minimumDrainMs, 4000);
    assert.equal(shutdown.exitOnZero?.maximumDrainMs, 60_000);
    assert.equal(shutdown.terminationGraceMs, 1000);
  });

  for (const [name, value, shown] of [
    ['PRE_DRAIN_DELAY', '-1s', '-1s'],
    ['ENVOY_TERM_GRACE', '-2s', '-2s'],
    ['MAXIMUM_DRAIN_DURATION', '-1m', '-1m0s'],
    ['TERMINATION_GRACE_PERIOD_SECONDS', '-30', '-30s'],
  ] as const) {
    it(`refuses a negative ${name} by its name`, async () => {
      await assert.rejects(load({ env: { [name]: value } }), {
        name: 'ConfigError',
        message: `${name} must not be negative, not ${shown}`,
      });
    });
  }

  it('takes a negative MINIMUM_DRAIN_DURATION for none, as the reference does, and warns', async () => {
    const config = await load({
      env: { EXIT_ON_ZERO_ACTIVE_CONNECTIONS: 'true', MINIMUM_DRAIN_DURATION: '-5s' },
    });

    assert.equal(config.supervision.shutdown.exitOnZero?.minimumDrainMs, 0);
    assert.deepEqual(warningsOf(config), ['MINIMUM_DRAIN_DURATION of -5s counts as 0s']);
  });

  it('takes a pod without any grace as it is', async () => {
    const config = await load({ env: { TERMINATION_GRACE_PERIOD_SECONDS: '0' } });

    assert.equal(config.supervision.shutdown.podGraceMs, 0);
  });

  for (const [what, env, expected] of [
    [
      'two things to wait for',
      { EXIT_ON_ZERO_ACTIVE_CONNECTIONS: 'true', EXIT_ON_ZERO_ACTIVE_REQUESTS: 'true' },
      /^EXIT_ON_ZERO_ACTIVE_REQUESTS has no effect: EXIT_ON_ZERO_ACTIVE_CONNECTIONS waits/,
    ],
    [
      'a limit of what is not waited for',
      { MAXIMUM_DRAIN_DURATION: '1m' },
      /^MAXIMUM_DRAIN_DURATION has no effect/,
    ],
    [
      'a maximum below the minimum',
      { EXIT_ON_ZERO_ACTIVE_REQUESTS: 'true', MAXIMUM_DRAIN_DURATION: '3s' },
      /^MAXIMUM_DRAIN_DURATION of 3s ends a drain before MINIMUM_DRAIN_DURATION of 5s$/,
    ],
  ] as const) {
    it(`warns of ${what}`, async () => {
      const warnings = warningsOf(await load({ env }));

      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? '', expected);
    });
  }

  it('honours the old variable for the termination drain', async () => {
    const config = await load({ env: { TERMINATION_DRAIN_DURATION_SECONDS: '20' } });

    assert.equal(config.supervision.shutdown.terminationDrainMs, 20_000);
    assert.match(warningsOf(config).join(), /TERMINATION_DRAIN_DURATION_SECONDS is deprecated/);
  });

  it('leaves probe and metrics ports out when waiting for connections to end', async () => {
    const env = { EXIT_ON_ZERO_ACTIVE_CONNECTIONS: 'true', ENVOY_SECURE_METRICS_PORT: '15091' };

    assert.deepEqual((await load({ env })).supervision.shutdown.exitOnZero, {
      of: 'connections',
      minimumDrainMs: 5000,
      maximumDrainMs: undefined,
      ignoredPorts: [15_021, 15_090, 15_091],
    });
  });
});
