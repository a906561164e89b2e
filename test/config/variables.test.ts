import { deepEqual, equal } from 'node:assert/strict';

import type { AgentConfig } from '../../src/config/agent-config.ts';
import { load } from './loaded-config.ts';

/** Loads with these variables, and compares what is named. */
async function reach<K extends keyof AgentConfig>(
  part: K,
  env: Readonly<Record<string, string>>,
  expected: Partial<AgentConfig[K]>,
): Promise<void> {
  const { [part]: found } = await load({ env });

  for (const [key, value] of Object.entries(expected)) {
    deepEqual(found[key as keyof AgentConfig[K]], value, key);
  }
}

describe('variables', () => {
  it('about the certificate reach what asks the CA for it', async () => {
    const env = {
      TRUST_DOMAIN: 'td',
      POD_NAMESPACE: 'shop',
      SERVICE_ACCOUNT: 'web',
      SECRET_TTL: '1h',
      SECRET_GRACE_PERIOD_RATIO: '0.25',
      SECRET_GRACE_PERIOD_RATIO_JITTER: '0.05',
      WORKLOAD_RSA_KEY_SIZE: '4096',
      PKCS8_KEY: 'true',
      ECC_SIGNATURE_ALGORITHM: 'ECDSA',
      ECC_CURVE: 'P384',
      ISTIO_META_CERT_SIGNER: 'clusterissuers/a',
      STRICT_SPIFFE_ID: 'true',
      CA_ATTEMPT_TIMEOUT: '2s',
      CA_CALL_TIMEOUT: '7s',
      OUTPUT_CERTS: '/certs',
      WORKLOAD_IDENTITY_SOCKET_FILE: 'spire.sock',
    };

    await reach('identity', env, {
      trustDomain: 'td',
      namespace: 'shop',
      serviceAccount: 'web',
      ttlMs: 3_600_000,
      graceRatio: 0.25,
      graceRatioJitter: 0.05,
      rsaKeyBits: 4096,
      pkcs8Key: true,
      eccAlgorithm: 'ECDSA',
      eccCurve: 'P384',
      certSigner: 'clusterissuers/a',
      strictSpiffeId: true,
      caAttemptTimeoutMs: 2000,
      caCallTimeoutMs: 7000,
      outputCertsDir: '/certs',
      socketPath: './var/run/secrets/workload-spiffe-uds/spire.sock',
    });
  });

  it('about the control plane reach what connects to it', async () => {
    const env = {
      CA_ADDR: 'ca.example:15012',
      CA_PROVIDER: 'Citadel',
      CA_ROOT_CA: '/ca-root.pem',
      XDS_ROOT_CA: 'SYSTEM',
      PILOT_CERT_PROVIDER: 'custom',
      ISTIOD_SAN: 'istiod.example',
      PROV_CERT: '/provisioned',
      COMPLIANCE_POLICY: 'pqc',
      ISTIO_META_CLUSTER_ID: 'east',
      CA_HEADER_FOO: 'foo',
      CA_HEADER_BAZ: '=baz',
      XDS_HEADER_BAR: 'bar',
      GRPC_KEEPALIVE_INTERVAL: '20s',
      GRPC_KEEPALIVE_TIMEOUT: '4s',
    };

    await reach('controlPlane', env, {
      caAddress: 'ca.example:15012',
      caProvider: 'Citadel',
      caRootFile: '/ca-root.pem',
      xdsRootFile: 'SYSTEM',
      certProvider: 'custom',
      istiodSan: 'istiod.example',
      provCertDir: '/provisioned',
      compliancePolicy: 'pqc',
      clusterId: 'east',
      caHeaders: { FOO: 'foo', BAZ: '=baz' },
      xdsHeaders: { BAR: 'bar' },
      keepaliveMs: 20_000,
      keepaliveTimeoutMs: 4000,
    });
    await reach('controlPlane', { FILE_MOUNTED_CERTS: 'true' }, { fileMountedCerts: true });
  });

  it('about the HTTP proxy count in capitals before small letters', async () => {
    const both = { HTTPS_PROXY: 'http://a:1', https_proxy: 'http://b:1', NO_PROXY: 'a', no_proxy: 'b' };
    const small = { https_proxy: 'http://b:1', no_proxy: 'b' };

    await reach('controlPlane', both, { httpsProxy: 'http://a:1', noProxy: 'a' });
    await reach('controlPlane', small, { httpsProxy: 'http://b:1', noProxy: 'b' });
  });

  it('about Envoy reach its command line and its environment', async () => {
    const env = {
      DISABLE_ENVOY: 'true',
      ENVOY_SKIP_DEPRECATED_LOGS: 'false',
      ISTIO_ENVOY_ENABLE_CORE_DUMP: 'true',
      ISTIO_BOOTSTRAP_OVERRIDE: '/override.yaml',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=web',
    };

    await reach('envoy', env, {
      disabled: true,
      skipDeprecatedLogs: false,
      enableCoreDump: true,
      bootstrapOverrideFile: '/override.yaml',
      environment: env,
    });
  });

  it('about the pod reach what Envoy is told of it', async () => {
    const env = { POD_NAME: 'web-1', POD_NAMESPACE: 'shop', INSTANCE_IP: '10.0.0.7', HOST_IP: '10.0.0.1' };

    await reach('pod', env, { name: 'web-1', namespace: 'shop', ip: '10.0.0.7', hostIp: '10.0.0.1' });
  });

  it('of older agents, of the Go runtime and of control planes change nothing, and nobody warns of them', async () => {
    const names = `
      ISTIO_NAMESPACE PLUGINS ENABLE_INGRESS_GATEWAY_SDS SECRET_ROTATION_CHECK_INTERVAL
      STALED_CONNECTION_RECYCLE_RUN_INTERVAL INITIAL_BACKOFF_MSEC USE_TOKEN_FOR_CSR DNS_AGENT
      SKIP_PARSE_TOKEN CANONICAL_SERVICE CANONICAL_REVISION TOKEN_AUDIENCES XDS_AUTH
      XDS_AUTH_PLAINTEXT ISTIO_ENABLE_CONTROLLER_QUEUE_METRICS RESOLVE_HOSTNAME_GATEWAYS
      UNSAFE_PILOT_ENABLE_RUNTIME_ASSERTIONS ENABLE_VTPROTOBUF INBOUND_INTERCEPTION_MODE
      INBOUND_TPROXY_MARK METRICS_LOCALHOST_ACCESS_ONLY GOMEMLIMIT GOMAXPROCS GODEBUG`
      .trim()
      .split(/\s+/);
    const usual = await load();

    const { notices, env, metricsLoopbackOnly, dnsServer } = await load({
      env: Object.fromEntries(names.map((name) => [name, 'true'])),
    });

    deepEqual(notices, usual.notices);
    deepEqual(env, usual.env);
    equal(metricsLoopbackOnly, false);
    equal(dnsServer, false);
  });
});
