// Settings the reference honours and this version cannot yet. Running on without them would leave a pod that looks
// healthy and is not, so they are refused by name, all at once.

import type { AgentConfig } from '../config/agent-config.ts';
import { ConfigError } from '../runtime/errors.ts';

/** @throws ConfigError naming every such setting */
export function refuseUnsupported(config: AgentConfig): void {
  const named = settings(config).filter(([isSet]) => isSet);
  if (named.length === 0) return;
  const list = named.map(([, name]) => name).join(', ');
  throw new ConfigError(
    `not supported by this version: ${list}; remove the setting, or use the reference agent`,
  );
}

function settings({ env, envoy, controlPlane, dnsServer }: AgentConfig): [boolean, string][] {
  return [
    [envoy.disabled, 'DISABLE_ENVOY (proxyless gRPC)'],
    [dnsServer, 'ISTIO_META_DNS_CAPTURE and ISTIO_META_ENABLE_DNS_SERVER (DNS proxy)'],
    [controlPlane.fileMountedCerts, 'FILE_MOUNTED_CERTS'],
    [controlPlane.caProvider === 'GkeWorkloadCertificate', 'CA_PROVIDER=GkeWorkloadCertificate'],
    [env.workloadSocketFile !== 'socket', 'WORKLOAD_IDENTITY_SOCKET_FILE (an external SDS server)'],
  ];
}
