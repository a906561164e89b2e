// A plain injected sidecar, of which a test changes what it is about.

import type { NodeInput } from '../../src/node/node.ts';

export function sidecarInput(changes: Partial<NodeInput> = {}): NodeInput {
  return {
    id: 'sidecar~10.0.0.7~web-6f7c.shop~shop.svc.cluster.local',
    environment: {},
    proxyConfig: {
      configPath: './etc/istio/proxy',
      serviceCluster: 'istio-proxy',
      discoveryAddress: 'istiod.istio-system.svc:15012',
      proxyAdminPort: 15000,
      statusPort: 15020,
      controlPlaneAuthPolicy: 'MUTUAL_TLS',
    },
    pod: { name: 'web-6f7c', namespace: 'shop', serviceAccount: 'web' },
    podLabels: { app: 'web' },
    podAnnotations: {},
    instanceIps: ['10.0.0.7'],
    platform: { isKubernetes: true, metadata: {}, labels: {}, locality: {} },
    istioVersion: '1.31.0',
    agentVersion: '',
    pilotSubjectAltNames: ['istiod.istio-system.svc'],
    ports: {
      envoyStatus: 15021,
      envoyPrometheus: 15090,
      envoySecureMetrics: 0,
      envoySecureMergedMetrics: 0,
      sts: 0,
    },
    dnsProxyAddress: '',
    outlierLogPath: '',
    workloadIdentitySocketFile: 'socket',
    exitOnZeroActiveConnections: false,
    peerMetadataDiscovery: undefined,
    skipDeprecatedLogs: true,
    credentialSocketExists: false,
    servesFilesOnly: false,
    ...changes,
  };
}
