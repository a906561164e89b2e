// A cluster with one image, and as much else as tests of the kubelet need.

import type { Cluster } from '../contract.ts';

export interface TestCluster extends Cluster {
  /** In the namespace `shop`, and nowhere else. */
  readonly configMaps: Map<string, ReadonlyMap<string, string>>;
}

/** @param names addresses by name */
export function testCluster(image: string, names: Readonly<Record<string, string>> = {}): TestCluster {
  const configMaps = new Map<string, ReadonlyMap<string, string>>();
  let tokens = 0;
  return {
    configMaps,
    image: () => image,
    configMap: (namespace, name) => (namespace === 'shop' ? configMaps.get(name) : undefined),
    secret: () => undefined,
    token: () => {
      tokens += 1;
      return Promise.resolve(`token ${tokens}`);
    },
    resolve: (name) => {
      const address = names[name];
      return address === undefined ? undefined : [address];
    },
  };
}
