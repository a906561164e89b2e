// What the ADS proxy knows, told to those who ask: may a hot restart begin, and what has Envoy refused.

import type { Readiness } from '../envoy/restart/gates.ts';
import { CLUSTER_TYPE, LISTENER_TYPE } from '../xds/type-urls.ts';
import type { XdsProxySnapshot } from '../xds-proxy/proxy.ts';

const NEEDED = [
  ['clusters', CLUSTER_TYPE],
  ['listeners', LISTENER_TYPE],
] as const;

/** A candidate gets its listeners only from a control plane that is there, and only those Envoy accepts. */
export function xdsReadiness(snapshot: XdsProxySnapshot, generation: number): Readiness {
  const state = snapshot.generations.find((each) => each.generation === generation);
  if (state === undefined || !state.connected) {
    return { ok: false, reason: 'the control plane is not connected' };
  }
  for (const [what, typeUrl] of NEEDED) {
    const type = state.perType[typeUrl];
    if (type?.nackMessage !== undefined) {
      return { ok: false, reason: `Envoy refused its ${what}: ${type.nackMessage}` };
    }
    if (!type?.acked) return { ok: false, reason: `Envoy has not accepted its ${what} yet` };
  }
  return { ok: true, reason: '' };
}

/**
 * Envoy's own words about the updates it refuses now, of the newest generation last. An older Envoy without a stream
 * is gone; the newest one may only have lost its stream.
 */
export function rejections({ generations }: XdsProxySnapshot): readonly string[] {
  const alive = generations.filter((each) => each.stream !== undefined || each === generations.at(-1));
  return alive.flatMap(({ perType }) =>
    Object.values(perType).flatMap(({ nackMessage }) => (nackMessage === undefined ? [] : [nackMessage])),
  );
}
