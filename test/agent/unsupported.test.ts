import { deepEqual, equal } from 'node:assert/strict';

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

  it('names variables that nothing reads, when they differ from their defaults', async () => {
    const env = {
      CREDENTIAL_IDENTITY_PROVIDER: 'x',
      XDS_AUTH_PROVIDER: 'x',
      WASM_INSECURE_REGISTRIES: 'a,b',
      WASM_MODULE_EXPIRY: '1h',
      WASM_PURGE_INTERVAL: '2h',
      WASM_HTTP_REQUEST_TIMEOUT: '1s',
      WASM_HTTP_REQUEST_MAX_RETRIES: '1',
      ISTIO_AGENT_ENABLE_WASM_REMOTE_LOAD_CONVERSION: 'false',
      ISTIO_WASM_MAX_BINARY_SIZE_BYTES: '1',
    };

    const names = withoutEffect(await agentConfig({ env: { ...env, CLOUD_PLATFORM: 'none' } })).split(', ');

    deepEqual(new Set(names), new Set(Object.keys(env)));
    equal(withoutEffect(await agentConfig({ env: { WASM_MODULE_EXPIRY: '24h' } })), '');
  });

  it('names flags that are given in vain', async () => {
    const flags = { stsPort: 15_463, tokenManagerPlugin: 'GoogleTokenExchange', vklog: 9, concurrency: 3 };

    equal(withoutEffect(await agentConfig({ flags })), '--stsPort, --tokenManagerPlugin, --vklog');
  });
});
