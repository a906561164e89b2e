// What is known of the machine this instance runs on: the answer of the probe of the cloud platform.
// Upstream: istio 1.31 pkg/bootstrap/platform, type Environment.

import type { TextMap } from '../../runtime/json.ts';
import type { Locality } from '../locality.ts';

/** What the probe of the cloud platform found. */
export interface Platform {
  readonly isKubernetes: boolean;
  /** PLATFORM_METADATA, for example `gcp_project`; empty when unknown. */
  readonly metadata: TextMap;
  /** Labels of the cloud instance; they count only off Kubernetes. */
  readonly labels: TextMap;
  readonly locality: Locality;
}

/** The answer without a probe, and that of a probe that finds nothing. */
export const UNKNOWN_PLATFORM: Platform = { isKubernetes: true, metadata: {}, labels: {}, locality: {} };

/** One cloud, as the probe uses it. */
export interface Cloud {
  /** As it is written in log lines. */
  readonly name: string;
  /** Whether this instance runs there; false when that cannot be found out. */
  readonly detect: (signal: AbortSignal) => Promise<boolean>;
  /** What the cloud says of this instance. What it does not say is left out; it never rejects. */
  readonly describe: (signal: AbortSignal) => Promise<Platform>;
}

/** The map without its empty texts. */
export function withoutBlanks(texts: Readonly<Record<string, string | undefined>>): TextMap {
  const entries = Object.entries(texts).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== '',
  );
  return Object.fromEntries(entries);
}
