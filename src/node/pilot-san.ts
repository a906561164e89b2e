// PILOT_SAN: the name the control plane's certificate must carry, from the discovery address.
// Upstream: pkg/istio-agent/agent.go initializeEnvoyAgent. Upstream cuts at the first colon, which breaks IPv6.

import type { ProxyConfigJson } from './proxy-config-json.ts';

/** Through a port-forward the certificate still names the service. */
const SERVICE_NAME = 'istiod.istio-system.svc';

/** Empty when the configuration asks for no TLS towards the control plane. */
export function pilotSubjectAltNames(config: ProxyConfigJson): string[] {
  if (config.controlPlaneAuthPolicy !== 'MUTUAL_TLS') return [];
  const address = config.discoveryAddress ?? '';
  const [, host = ''] = /^\[([^\]]*)\]|$/.exec(address) ?? [];
  const name = host === '' ? (address.split(':')[0] ?? '') : host;
  return [name === 'localhost' ? SERVICE_NAME : name];
}
