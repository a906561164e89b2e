// Pods of tests, written as short as an injected one can be.

import type { PodSpec } from '../../kubelet/pod-spec.ts';
import { podOf as podOfSpec } from '../../kubelet/support/pod-yaml.ts';

export interface PodYaml {
  readonly labels?: Readonly<Record<string, string>>;
  /** Arguments of the container that sets the rules; absent: there is none. */
  readonly capture?: readonly string[];
  /** Arguments of the proxy; absent: there is none. */
  readonly proxy?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly containers?: readonly object[];
}

export const SIDECAR: PodYaml = {
  labels: { 'security.istio.io/tlsMode': 'istio', app: 'web' },
  capture: ['-b', '*', '-d', '15090,15021,15020'],
  proxy: ['proxy', 'sidecar'],
};

export function podOf(yaml: PodYaml): PodSpec {
  const { labels = {}, capture, proxy, env = {}, containers = [] } = yaml;
  const variables = Object.entries(env).map(([name, value]) => ({ name, value }));
  const spec = {
    serviceAccountName: 'web',
    initContainers: [
      ...(capture ? [{ name: 'istio-init', image: 'proxy', args: ['istio-iptables', ...capture] }] : []),
      ...(proxy
        ? [{ name: 'istio-proxy', image: 'proxy', args: proxy, env: variables, restartPolicy: 'Always' }]
        : []),
    ],
    containers,
  };
  return podOfSpec(spec, { name: 'web-1', labels });
}

export function application(
  name: string,
  ports: Readonly<Record<string, number>>,
  more: object = {},
): object {
  const declared = Object.entries(ports).map(([portName, containerPort]) => ({
    name: portName,
    containerPort,
  }));
  return { name, image: 'application', ports: declared, ...more };
}
