import { deepEqual, equal, match, rejects } from 'node:assert/strict';

import { argumentSettings, envoySettings, loopback } from '../../src/agent/envoy-settings.ts';
import { envoyArguments } from '../../src/envoy/process/arguments.ts';
import type { EnvoySettings } from '../../src/envoy/settings.ts';
import { recordingLog } from '../support/recording-log.ts';
import { agentConfig, type GivenConfig } from './support/agent-config.ts';

const IPS = ['10.0.0.7'];

async function settings(
  given: GivenConfig = {},
  ips = IPS,
  log = recordingLog().log,
): Promise<EnvoySettings> {
  return envoySettings(await agentConfig(given), '/usr/bin/envoy', ips, log);
}

describe('envoySettings', () => {
  it('gives Envoy the command line the configuration asks for', async () => {
    const given: GivenConfig = {
      flags: { proxyLogLevel: 'debug', proxyComponentLogLevel: 'misc:error', concurrency: 3 },
      env: { PARENT_SHUTDOWN_DURATION: '7s', ENVOY_EXTRA_ARGS: '["--log-format", "%v"]' },
      proxyConfig: { drainDuration: '5s', fileFlushMinSizeKb: 8, fileFlushInterval: '2s' },
    };

    const args = argumentSettings(await agentConfig(given), IPS);

    equal((await settings(given)).binaryPath, '/usr/bin/envoy');
    equal(
      envoyArguments(args, { path: 'rev0.json', override: undefined }, { epoch: 1, baseId: 9 }).join(' '),
      '-c rev0.json --drain-time-s 5 --drain-strategy immediate --local-address-ip-version v4 ' +
        '--file-flush-interval-msec 2000 --restart-epoch 1 --base-id 9 --parent-shutdown-time-s 7 ' +
        '--skip-hot-restart-parent-stats --allow-unknown-static-fields --file-flush-min-size-kb 8 ' +
        '-l debug --component-log-level misc:error --skip-deprecated-logs --concurrency 3 --log-format %v',
    );
  });

  it('reaches the admin port over the loopback address of the first address family', async () => {
    const proxyConfig = { proxyAdminPort: 15_900 };

    deepEqual((await settings({ proxyConfig })).admin, { host: '127.0.0.1', port: 15_900 });
    deepEqual((await settings({ proxyConfig }, ['fd00::7'])).admin, { host: '::1', port: 15_900 });
    deepEqual([loopback(['10.0.0.7', 'fd00::7']), loopback(['fd00::7'])], ['127.0.0.1', '::1']);
  });

  it('drains only the inbound side of a sidecar, and everything of a gateway', async () => {
    equal((await settings()).drainInboundOnly, true);
    equal((await settings({ nodeType: 'router' })).drainInboundOnly, false);
  });

  it('ends Envoy as the configuration says', async () => {
    const env = {
      ENVOY_RESTART_POLICY: 'never',
      ENVOY_TERM_GRACE: '3s',
      ENVOY_BASE_ID: '12',
      EXIT_ON_ZERO_ACTIVE_CONNECTIONS: 'true',
      MINIMUM_DRAIN_DURATION: '1s',
      ENVOY_HANDOFF_TIMEOUT: '9s',
    };

    const given = await settings({ env, proxyConfig: { terminationDrainDuration: '8s' } });

    equal(given.restartPolicy, 'never');
    equal(given.shutdown.terminationGraceMs, 3000);
    equal(given.baseId, 12);
    equal(given.shutdown.terminationDrainMs, 8000);
    equal(given.timing.handoffTimeoutMs, 9000);
    equal(given.shutdown.exitOnZero?.minimumDrainMs, 1000);
  });

  it('refuses an extra argument the agent passes itself, and warns of a log level it cannot read', async () => {
    const recorded = recordingLog();

    await rejects(settings({ env: { ENVOY_EXTRA_ARGS: '["--restart-epoch", "3"]' } }), {
      name: 'ConfigError',
      message: /--restart-epoch.*the agent numbers the epochs/,
    });
    await settings({ flags: { proxyLogLevel: 'info,a:b:c' } }, IPS, recorded.log);

    match(recorded.messages('warn').join('\n'), /--proxyLogLevel: ignored a:b:c/);
  });
});
