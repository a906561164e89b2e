// The bootstrap input of a plain injected sidecar, of which a test changes what it is about.

import type { BootstrapFeatures, BootstrapInput } from '../../src/bootstrap/parameters.ts';
import { buildNode, type NodeInput } from '../../src/node/node.ts';
import type { ProxyConfigJson } from '../../src/node/proxy-config-json.ts';
import { sidecarInput } from '../node/inputs.ts';

export interface BootstrapChanges {
  readonly proxyConfig?: ProxyConfigJson;
  readonly node?: Partial<NodeInput>;
  readonly features?: Partial<BootstrapFeatures>;
  readonly others?: Partial<Omit<BootstrapInput, 'node' | 'proxyConfig' | 'features'>>;
}

export function sidecarBootstrap(changes: BootstrapChanges = {}): BootstrapInput {
  const plain = sidecarInput(changes.node);
  const proxyConfig = { ...plain.proxyConfig, ...changes.proxyConfig };
  return {
    node: buildNode({ ...plain, proxyConfig }, () => undefined),
    proxyConfig,
    workloadSocketPath: `./var/run/secrets/workload-spiffe-uds/${plain.workloadIdentitySocketFile}`,
    hostIp: '',
    compliancePolicy: '',
    logAsJson: false,
    features: {
      deltaXds: true,
      dualStack: false,
      statusPortProxyProtocol: false,
      stripFragment: true,
      exitOnZeroActiveRequests: false,
      ...changes.features,
    },
    ...changes.others,
  };
}
