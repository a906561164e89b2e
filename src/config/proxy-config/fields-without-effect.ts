// The fields of ProxyConfig that this agent reads and that change nothing in it, each with the reason. They are part
// of the node's metadata like the others, so the control plane sees them.

import type { proxyConfigFields } from './fields.ts';

const DEPRECATED = 'deprecated, and nothing reads it any more';
const INJECTOR = 'for the injector, which acts before there is an agent';

export const fieldsWithoutEffect: Partial<Record<keyof typeof proxyConfigFields, string>> = {
  discoveryRefreshDelay: DEPRECATED,
  zipkinAddress: 'deprecated: tracing.zipkin.address is read',
  availabilityZone: 'deprecated: the locality comes from labels and the cloud platform',
  sds: DEPRECATED,
  holdApplicationUntilProxyStarts: INJECTOR,
  image: INJECTOR,
  caCertificatesPem: 'it counts only over xDS, with PROXY_CONFIG_XDS_AGENT',
  readinessProbe: 'the health of an application on a machine is not reported in this version',
};
