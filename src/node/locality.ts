// Where this instance runs: region, zone and sub-zone, from a label or else from the cloud platform.
// Upstream: pkg/bootstrap/config.go extractLocality, pkg/model GetLocalityLabel.

import type { TextMap } from '../runtime/json.ts';

/** Envoy's Locality; empty parts are absent. */
export interface Locality {
  readonly region?: string;
  readonly zone?: string;
  readonly sub_zone?: string;
}

/** The label that the agent also writes: the sanitised text, whichever label it came from. */
export const LOCALITY_LABEL = 'istio-locality';

const LOCALITY_LABELS = ['topology.istio.io/locality', LOCALITY_LABEL];

/**
 * The locality label as `region/zone/sub_zone`; undefined when neither label has text. Label values cannot hold
 * a slash in Kubernetes, so dots stand for slashes unless there is one.
 */
export function localityLabel(labels: TextMap): string | undefined {
  const text = LOCALITY_LABELS.map((name) => labels[name] ?? '').find((value) => value !== '');
  if (text === undefined) return undefined;
  return text.includes('/') ? text : text.replaceAll('.', '/');
}

/** Parts after the third are ignored. */
export function parseLocality(label: string): Locality {
  const [region = '', zone = '', subZone = ''] = label.split('/');
  return {
    ...(region !== '' && { region }),
    ...(zone !== '' && { zone }),
    ...(subZone !== '' && { sub_zone: subZone }),
  };
}
