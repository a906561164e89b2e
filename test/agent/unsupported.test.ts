import { equal } from 'node:assert/strict';

import { withoutEffect } from '../../src/agent/unsupported.ts';
import { agentConfig } from './support/agent-config.ts';

describe('withoutEffect', () => {
  it('is silent about an ordinary pod', async () => {
    equal(withoutEffect(await agentConfig({ env: { ISTIO_KUBE_APP_PROBERS: '{}' } })), '');
  });

  it('is silent about a DNS server', async () => {
    const config = await agentConfig({ env: { ISTIO_META_DNS_CAPTURE: 'true' } });

    equal(withoutEffect(config), '');
  });

  it('names what is set and does nothing', async () => {
    const probers = '{"/app-health/web/readyz":{"tcpSocket":{"port":1}}}';
    const env = { ISTIO_KUBE_APP_PROBERS: probers };
    const proxyConfig = {
      readinessProbe: { periodSeconds: 3 },
    };
    const config = await agentConfig({ env, proxyConfig });

    const text = withoutEffect(config);

    equal(text, 'ISTIO_KUBE_APP_PROBERS (probes of the application), readinessProbe');
  });

  it('names variables that nothing reads yet, when they differ from their defaults', async () => {
    const env = { METRICS_MERGE: 'strict', WASM_INSECURE_REGISTRIES: 'a,b' };
    const config = await agentConfig({ env: { ...env, CLOUD_PLATFORM: 'none' } });

    const text = withoutEffect(config);

    equal(text, 'METRICS_MERGE, WASM_INSECURE_REGISTRIES');
  });
});
