// LABELS, STATIC_LABELS and ANNOTATIONS of the node metadata: what the injector passed, what the platform
// knows and what the downward API files say, in that order. Reading the files is config's.
// Upstream: pkg/bootstrap/config.go GetNodeMetaData.

import type { TextMap } from '../runtime/json.ts';
import { LOCALITY_LABEL, localityLabel } from './locality.ts';

export interface LabelInput {
  /** Labels of ISTIO_METAJSON_LABELS; empty when there are none. */
  readonly injected: TextMap;
  /** LABELS and STATIC_LABELS found elsewhere in the raw metadata. */
  readonly decoded: { readonly labels: TextMap; readonly staticLabels: TextMap };
  /** The cloud instance's own labels; empty on Kubernetes. */
  readonly platform: TextMap;
  /** The labels file; undefined when it cannot be read. */
  readonly podLabels: TextMap | undefined;
}

export interface Labels {
  readonly labels: TextMap;
  readonly staticLabels: TextMap;
}

/** Says which ReplicaSet made the pod: it changes with every rollout and describes no workload. */
const POD_TEMPLATE_HASH = 'pod-template-hash';

export function nodeLabels({ injected, decoded, platform, podLabels }: LabelInput): Labels {
  const isInjected = Object.keys(injected).length > 0;
  const staticLabels = { ...(isInjected ? injected : decoded.staticLabels), ...platform };
  if (podLabels === undefined) {
    // Upstream has one map under both names here, so the sanitised locality shows in both.
    if (isInjected) return { labels: withLocality(staticLabels), staticLabels: withLocality(staticLabels) };
    return { labels: withLocality(decoded.labels), staticLabels };
  }
  const { [POD_TEMPLATE_HASH]: _hash, ...stable } = podLabels;
  return { labels: withLocality({ ...staticLabels, ...stable }), staticLabels };
}

function withLocality(labels: TextMap): TextMap {
  const locality = localityLabel(labels);
  return locality === undefined ? labels : { ...labels, [LOCALITY_LABEL]: locality };
}
