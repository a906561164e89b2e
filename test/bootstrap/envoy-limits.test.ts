import assert from 'node:assert/strict';

import { checkLimits } from '../../src/bootstrap/envoy-limits.ts';
import { sidecarBootstrap, type BootstrapChanges } from './inputs.ts';

const PORTS = {
  envoyStatus: 15021,
  envoyPrometheus: 15090,
  envoySecureMetrics: 0,
  envoySecureMergedMetrics: 0,
  sts: 0,
};

function check(changes: BootstrapChanges): void {
  const { node, proxyConfig } = sidecarBootstrap(changes);
  checkLimits(node, proxyConfig);
}

describe('checkLimits', () => {
  it('lets a plain sidecar pass, and ports that are off', () => {
    check({});
    check({ proxyConfig: { statusPort: 0 } });
    check({ node: { ports: { ...PORTS, envoySecureMetrics: -1 } } });
  });

  it('names two settings with one port', () => {
    const wrong: readonly (readonly [BootstrapChanges, string])[] = [
      [{ proxyConfig: { statusPort: 15021 } }, 'statusPort and ENVOY_STATUS_PORT are both 15021'],
      [{ proxyConfig: { proxyAdminPort: 15090 } }, 'proxyAdminPort and ENVOY_PROMETHEUS_PORT are both 15090'],
      [{ proxyConfig: { proxyAdminPort: 15020 } }, 'proxyAdminPort and statusPort are both 15020'],
      [
        { node: { ports: { ...PORTS, envoySecureMetrics: 15021 } } },
        'ENVOY_STATUS_PORT and ENVOY_SECURE_METRICS_PORT are both 15021',
      ],
      [
        { node: { ports: { ...PORTS, envoySecureMetrics: 15091, envoySecureMergedMetrics: 15091 } } },
        'ENVOY_SECURE_METRICS_PORT and ENVOY_SECURE_MERGED_METRICS_PORT are both 15091',
      ],
    ];

    for (const [changes, message] of wrong) {
      assert.throws(() => check(changes), { name: 'ConfigError', message });
    }
  });

  it('names a port that is none', () => {
    assert.throws(() => check({ node: { ports: { ...PORTS, envoyStatus: 70_000 } } }), {
      name: 'ConfigError',
      message: 'ENVOY_STATUS_PORT 70000 is no port: 1 to 65535',
    });
    assert.throws(() => check({ proxyConfig: { statusPort: -1 } }), /^ConfigError: statusPort -1 is no port/);
  });

  it('names the setting behind a socket whose path is too long', () => {
    const longest = `/${'x'.repeat(102)}`;

    check({ proxyConfig: { configPath: longest } });
    assert.throws(() => check({ proxyConfig: { configPath: `${longest}x` } }), {
      name: 'ConfigError',
      message: /^configPath: socket path .* is longer than 107 bytes$/,
    });
    assert.throws(() => check({ node: { workloadIdentitySocketFile: 'x'.repeat(70) } }), {
      message: /^WORKLOAD_IDENTITY_SOCKET_FILE: socket path /,
    });
  });
});
