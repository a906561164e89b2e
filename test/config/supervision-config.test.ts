import assert from 'node:assert/strict';

import { load, warningsOf } from './loaded-config.ts';

describe('supervisionConfig', () => {
  it('hot-restart and rescue by default', async () => {
    const { supervision } = await load();

    assert.equal(supervision.hotRestart, true);
    assert.equal(supervision.restartPolicy, 'on-failure');
    assert.equal(supervision.propagateExitCode, false);
    assert.equal(supervision.drainMs, 45_000);
    assert.equal(supervision.parentShutdownMs, 60_000);
  });

  it('let flags win over variables', async () => {
    const env = {
      ENVOY_HOT_RESTART: 'true',
      ENVOY_RESTART_POLICY: 'always',
      PARENT_SHUTDOWN_DURATION: '70s',
    };
    const flags = { hotRestart: false, restartPolicy: 'never', parentShutdownDuration: 80_000 };

    const byVariable = (await load({ env })).supervision;
    const byFlag = (await load({ env, flags })).supervision;

    assert.deepEqual(
      [byVariable.hotRestart, byVariable.restartPolicy, byVariable.parentShutdownMs],
      [true, 'always', 70_000],
    );
    assert.deepEqual(
      [byFlag.hotRestart, byFlag.restartPolicy, byFlag.parentShutdownMs],
      [false, 'never', 80_000],
    );
    assert.equal(byFlag.shutdown.terminationGraceMs, 0);
  });

  it('refuse words there are not', async () => {
    await assert.rejects(load({ flags: { restartPolicy: 'sometimes' } }), /--restart-policy .*"sometimes"/);
    await assert.rejects(load({ flags: { exitCodePolicy: 'x' } }), /--exit-code-policy .*"x"/);
    assert.equal(
      (await load({ flags: { exitCodePolicy: 'propagate' } })).supervision.propagateExitCode,
      true,
    );
  });

  it('refuse an old Envoy that would die before it has drained, in hot mode', async () => {
    const flags = { parentShutdownDuration: 45_000 };

    await assert.rejects(load({ flags }), {
      message: 'parent shutdown time 45s must be greater than drain time 45s',
    });
    assert.equal((await load({ flags: { ...flags, hotRestart: false } })).supervision.hotRestart, false);
    await assert.rejects(
      load({ flags: { parentShutdownDuration: 60_500 } }),
      /seconds precision, not 1m0.5s/,
    );
    await assert.rejects(
      load({ env: { PROXY_CONFIG: 'drainDuration: 2h' } }),
      /2h0m0s must not be longer than 1h/,
    );
  });

  it('refuse a longer life of an old Envoy than an hour, unless it has to outlast its drain', async () => {
    const given = { parentShutdownDuration: 3_601_000 };
    const longest = { env: { PROXY_CONFIG: 'drainDuration: 1h' } };

    await assert.rejects(load({ flags: given }), /parent shutdown time 1h0m1s must not be longer than 1h/);
    assert.equal((await load(longest)).supervision.parentShutdownMs, 3_615_000);
  });

  it('refuse a base id that Envoy or another Envoy would not do with', async () => {
    for (const ENVOY_BASE_ID of ['0', '-1', '65536']) {
      await assert.rejects(load({ env: { ENVOY_BASE_ID } }), {
        message: `ENVOY_BASE_ID must be 1 to 65535, not ${ENVOY_BASE_ID}`,
      });
    }
    assert.equal((await load({ env: { ENVOY_BASE_ID: '65535' } })).supervision.baseId, 65_535);
  });

  it('let the default parent shutdown outlast a longer drain', async () => {
    const config = await load({ env: { PROXY_CONFIG: 'drainDuration: 120s' } });

    assert.equal(config.supervision.parentShutdownMs, 135_000);
    assert.match(warningsOf(config).join(), /parentShutdownDuration is 2m15s, to outlast the drain of 2m0s/);
  });

  it('ignore parentShutdownDuration of ProxyConfig without hot restart, with a warning', async () => {
    const env = { PROXY_CONFIG: 'parentShutdownDuration: 90s' };

    assert.equal((await load({ env })).supervision.parentShutdownMs, 90_000);
    const off = await load({ env: { ...env, ENVOY_HOT_RESTART: 'false' } });
    assert.match(warningsOf(off).join(), /parentShutdownDuration is ignored: hot restart is off/);
  });

  it('take the times of restarts from variables, of which none is negative', async () => {
    const env = {
      ENVOY_RESTART_DEBOUNCE: '3s',
      ENVOY_RESTART_JITTER: '-1s',
      RESTART_ON_LABEL_CHANGE: 'true',
      ENVOY_RESTART_MEMORY_CHECK: 'false',
      ENVOY_HANDOFF_SOAK: '2s',
      ENVOY_HANDOFF_TIMEOUT: '9s',
      ENVOY_RESTART_BACKOFF_MAX: '8s',
      ENVOY_RESTART_RESET_AFTER: '7m',
    };

    const { supervision } = await load({ env });
    const { supervision: byDefault } = await load();

    const shown = (found: typeof supervision) => [
      [found.debounceMs, found.jitterMs, found.restartOnLabelChange, found.memoryCheck],
      [found.handoffSoakMs, found.handoffTimeoutMs, found.backoffMaxMs, found.budgetResetMs],
    ];
    assert.deepEqual(shown(supervision), [
      [3000, 0, true, false],
      [2000, 9000, 8000, 420_000],
    ]);
    assert.deepEqual(shown(byDefault), [
      [10_000, 10_000, false, true],
      [0, 60_000, 60_000, 600_000],
    ]);
  });
});
