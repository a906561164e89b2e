// Pods of tests, written as short as an injected one can be.

import type { PodSpec } from '../../kubelet/pod-spec.ts';
import { readPods } from '../../kubelet/kubelet.ts';

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
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-1', namespace: 'shop', labels }, spec };
  const [read] = readPods(JSON.stringify(pod));
  if (read === undefined) throw new Error('no pod was read');
  return read;
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
