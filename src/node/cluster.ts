// node.cluster: the service this proxy belongs to, as traces and the control plane show it.
// Upstream: pkg/bootstrap/config.go getServiceCluster.

import type { TextMap } from '../runtime/json.ts';

export interface ClusterInput {
  /** The final labels. A label that is present with empty text counts. */
  readonly labels: TextMap;
  readonly workloadName: string;
  readonly namespace: string;
  /** ProxyConfig.serviceCluster; set exclusively with `tracingServiceName`. */
  readonly serviceCluster?: string | undefined;
  /** ProxyConfig.tracingServiceName, an enum name. */
  readonly tracingServiceName?: string | undefined;
}

/** Upstream's placeholder: it counts like no name at all. */
const UNNAMED = 'istio-proxy';

const APP = 'app';
const RECOMMENDED = 'app.kubernetes.io/name';
const CANONICAL = 'service.istio.io/canonical-name';

export function serviceCluster(input: ClusterInput): string {
  switch (input.tracingServiceName ?? '') {
    case 'CANONICAL_NAME_ONLY':
      return nameOrDefault(canonicalName(input), input);
    case 'CANONICAL_NAME_AND_NAMESPACE':
      return input.namespace === ''
        ? nameOrDefault(canonicalName(input), input)
        : `${canonicalName(input)}.${input.namespace}`;
    case 'APP_LABEL_AND_NAMESPACE':
      return nameOrDefault(UNNAMED, input);
    default:
      return nameOrDefault(input.serviceCluster ?? UNNAMED, input);
  }
}

function nameOrDefault(name: string, input: ClusterInput): string {
  const { labels, workloadName, namespace } = input;
  if (name !== '' && name !== UNNAMED) return name;
  const label = labels[APP] ?? labels[RECOMMENDED] ?? labels[CANONICAL];
  if (label !== undefined) return `${label}.${namespace}`; // upstream keeps the dot without a namespace
  if (workloadName !== '') return `${workloadName}.${namespace}`;
  return namespace === '' ? UNNAMED : `${UNNAMED}.${namespace}`;
}

/** Prefers the labels in the opposite order of `nameOrDefault`. */
function canonicalName({ labels, workloadName }: ClusterInput): string {
  return labels[CANONICAL] ?? labels[RECOMMENDED] ?? labels[APP] ?? (workloadName || UNNAMED);
}
