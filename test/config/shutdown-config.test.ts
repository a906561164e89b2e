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

  it('takes every limit from its variable', async () => {
    const env = {
      PRE_DRAIN_DELAY: '3s',
      TERMINATION_GRACE_PERIOD_SECONDS: '30',
      AGENT_SECOND_SIGNAL: 'abort',
      NATIVE_SIDECAR_DRAIN: 'false',
      EXIT_ON_ZERO_ACTIVE_REQUESTS: 'true',
      MAXIMUM_DRAIN_DURATION: '1m',
    };

    const { shutdown } = (await load({ env })).supervision;

    assert.equal(shutdown.preDrainDelayMs, 3000);
    assert.equal(shutdown.podGraceMs, 30_000);
    assert.equal(shutdown.secondSignalAborts, true);
    assert.equal(shutdown.nativeSidecarDrain, false);
    assert.equal(shutdown.exitOnZero?.of, 'requests');
    assert.equal(shutdown.exitOnZero?.maximumDrainMs, 60_000);
  });

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
