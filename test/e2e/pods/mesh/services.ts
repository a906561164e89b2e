// The services of the mesh: names, and the pods behind each of their ports.

import type { Endpoint } from '../../../../examples/demo/envoy-resources.ts';
import type { Member, MemberPort } from './member.ts';

export interface Service {
  /** Fully qualified, without final dot. */
  readonly host: string;
  readonly name: string;
  readonly namespace: string;
  readonly addresses: readonly string[];
  readonly ports: readonly ServicePort[];
}

export interface ServicePort extends MemberPort {
  /** Name of the cluster that callers use, in Istio's form. */
  readonly cluster: string;
  readonly endpoints: readonly Endpoint[];
  /** Whom callers accept there. */
  readonly identities: readonly string[];
}

/** First each pod under its own name, alone; then those that share a service. A pod's name hides a service's. */
export function servicesOf(members: readonly Member[]): readonly Service[] {
  const own = members.map((member) => service(hostOf(member.name, member.namespace), [member]));
  const staying = members.filter(({ isLeaving }) => !isLeaving);
  const shared = Map.groupBy(staying, (member) => hostOf(member.service, member.namespace));
  for (const { host } of own) shared.delete(host);
  return [...own, ...[...shared].map(([host, pods]) => service(host, pods))];
}

export function hostOf(name: string, namespace: string): string {
  return `${name}.${namespace}.svc.cluster.local`;
}

export function spiffeId({ namespace, serviceAccount }: Member): string {
  return `spiffe://cluster.local/ns/${namespace}/sa/${serviceAccount}`;
}

function service(host: string, pods: readonly Member[]): Service {
  const [name = '', namespace = ''] = host.split('.');
  const ports = new Map(pods.flatMap((pod) => pod.ports.map((port) => [port.port, port])));
  const addresses = pods.map(({ ip }) => ip);
  return {
    host,
    name,
    namespace,
    addresses,
    ports: [...ports.values()].map((port) => servicePort(host, pods, port)),
  };
}

/** Pods of one service have alike ports, as a Kubernetes service wants it. */
function servicePort(host: string, pods: readonly Member[], port: MemberPort): ServicePort {
  const those = pods.filter((pod) => pod.ports.some((one) => one.port === port.port));
  return {
    ...port,
    cluster: `outbound|${port.port}||${host}`,
    endpoints: those.map(({ ip }) => ({ address: ip, port: port.port })),
    identities: [...new Set(those.map(spiffeId))],
  };
}
