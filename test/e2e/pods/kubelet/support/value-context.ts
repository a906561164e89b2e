// Where values of variables and files come from in tests.

import type { PodSpec } from '../pod-spec.ts';
import type { ProjectionContext } from '../volumes/projection.ts';

type Objects = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** @param configMaps of the pod's namespace by name; secrets have the same names and contents */
export function contextOf(pod: PodSpec, configMaps: Objects = {}): ProjectionContext {
  const find = (namespace: string, name: string): ReadonlyMap<string, string> | undefined => {
    const found = namespace === pod.namespace ? configMaps[name] : undefined;
    return found && new Map(Object.entries(found));
  };
  return {
    pod,
    placement: {
      podIp: '10.0.0.7',
      hostIp: '10.0.0.1',
      nodeName: 'node-1',
      allocatable: { cpu: '8', memory: '16Gi' },
    },
    cluster: {
      configMap: find,
      secret: find,
      token: ({ audience, expirationSeconds }) => Promise.resolve(`for ${audience}, ${expirationSeconds} s`),
    },
  };
}
