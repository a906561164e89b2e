import { deepEqual, equal } from 'node:assert/strict';

import { nodeIdOf, nodeInput } from '../../src/agent/node-facts.ts';
import { agentConfig } from './support/agent-config.ts';
import { nodeFacts } from './support/node-facts.ts';

describe('nodeIdOf', () => {
  it('names type, first address, pod and domain', async () => {
    const config = await agentConfig({ nodeType: 'router', flags: { domain: 'shop.svc.mesh' } });

    equal(nodeIdOf(config, ['10.0.0.7']), 'router~10.0.0.7~web-1.shop~shop.svc.mesh');
  });
});

describe('nodeInput', () => {
  it('carries ports, paths and switches of the environment', async () => {
    const env = { ENVOY_STATUS_PORT: '15121', ENVOY_PROMETHEUS_PORT: '15190', DNS_PROXY_ADDR: '[::1]:15053' };
    const config = await agentConfig({ env, flags: { outlierLogPath: '/dev/stdout', stsPort: 15_463 } });

    const { ports, dnsProxyAddress, outlierLogPath, instanceIps } = nodeInput(config, nodeFacts());

    deepEqual(ports, {
      envoyStatus: 15_121,
      envoyPrometheus: 15_190,
      envoySecureMetrics: 0,
      envoySecureMergedMetrics: 0,
      sts: 15_463,
    });
    deepEqual([dnsProxyAddress, outlierLogPath, instanceIps], ['[::1]:15053', '/dev/stdout', ['10.0.0.7']]);
  });
});
