import { equal } from 'node:assert/strict';

import { withoutEffect } from '../../src/agent/unsupported.ts';
import { agentConfig } from './support/agent-config.ts';

describe('withoutEffect', () => {
  it('is silent about an ordinary pod', async () => {
    const probers = '{"/app-health/web/readyz":{"tcpSocket":{"port":1}}}';
    const env = { ISTIO_KUBE_APP_PROBERS: probers, ISTIO_PROMETHEUS_ANNOTATIONS: '{}' };

    equal(withoutEffect(await agentConfig({ env })), '');
  });

  it('is silent about a DNS server', async () => {
    const config = await agentConfig({ env: { ISTIO_META_DNS_CAPTURE: 'true' } });

    equal(withoutEffect(config), '');
  });

  it('names what is set and does nothing', async () => {
    const config = await agentConfig({ proxyConfig: { readinessProbe: { periodSeconds: 3 } } });

    const text = withoutEffect(config);

    equal(text, 'readinessProbe');
  });

  it('names variables that nothing reads yet, when they differ from their defaults', async () => {
    const env = { WASM_INSECURE_REGISTRIES: 'a,b', ISTIO_WASM_MAX_BINARY_SIZE_BYTES: '1' };
    const config = await agentConfig({ env: { ...env, CLOUD_PLATFORM: 'none' } });

    const text = withoutEffect(config);

    equal(text, 'WASM_INSECURE_REGISTRIES, ISTIO_WASM_MAX_BINARY_SIZE_BYTES');
  });
});
