// Envoy as the agent has started it, asked as `istioctl` asks: by `pilot-agent request` in the container.

import { isDeepStrictEqual } from 'node:util';

import { type Check, expect } from '../check.ts';
import { PROXY, proxyOf, variable } from '../pod-facts.ts';

interface ServerInfo {
  readonly node: {
    readonly id: string;
    readonly metadata: { readonly LABELS: object; readonly OWNER: string };
  };
  readonly command_line_options: { readonly component_log_level: string };
}

/** Of the controller, and kept from the control plane. */
const REPLICA_SET_LABEL = 'pod-template-hash';

/** Node, labels and log levels are those of the pod, its files, its variables and its arguments. */
export const runsEnvoyAsThePodSays: Check = async ({ pod }) => {
  const { exitCode, stdout, stderr } = await pod.exec(PROXY, [
    'pilot-agent',
    'request',
    'GET',
    'server_info',
  ]);
  expect(exitCode === 0, `pilot-agent request ended with ${exitCode}: ${stderr}`);
  const { node, command_line_options: options } = JSON.parse(stdout) as ServerInfo;
  const proxy = proxyOf(pod.spec);
  const type = proxy.args?.[1] ?? '';
  const id = `${type}~${pod.ip}~${pod.name}.${pod.namespace}~${pod.namespace}.svc.cluster.local`;
  expect(node.id === id, `the node is ${node.id}, not ${id}`);
  const { LABELS: labels, OWNER: owner } = node.metadata;
  const { [REPLICA_SET_LABEL]: _, ...wanted } = pod.spec.labels;
  expect(isDeepStrictEqual(labels, wanted), `the labels are ${JSON.stringify(labels)}`);
  expect(owner === variable(proxy, 'ISTIO_META_OWNER'), `the owner is ${owner}`);
  expect(options.component_log_level === 'misc:error', `the log levels are ${options.component_log_level}`);
  return node.id;
};
