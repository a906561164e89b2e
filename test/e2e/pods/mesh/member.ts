// A pod as its mesh sees it: where it is, who it is, and what its proxy takes. Read from its spec by the rules of
// Istio: labels, port names, and the arguments of its containers.

import type { ContainerSpec, PodSpec } from '../kubelet/pod-spec.ts';

export interface MemberPort {
  readonly port: number;
  /** By the port's name, as Istio decides. */
  readonly protocol: 'http' | 'grpc' | 'tcp';
  /** Whether callers use mTLS. */
  readonly tls: boolean;
}

/** What of the mesh runs in the pod: Envoy beside an application, Envoy alone, an agent alone, nothing. */
export type Role = 'sidecar' | 'router' | 'proxyless' | 'none';

export interface Member {
  readonly name: string;
  readonly namespace: string;
  readonly ip: string;
  readonly serviceAccount: string;
  /** Name of the service the pod is behind. */
  readonly service: string;
  readonly ports: readonly MemberPort[];
  readonly role: Role;
  /** How connections reach the proxy. */
  readonly interception: 'REDIRECT' | 'TPROXY';
  /** Strict: plain text from others is refused. */
  readonly peers: 'permissive' | 'strict';
  /** Its end has begun: its service goes on without it. */
  readonly isLeaving: boolean;
}

/** What the kubelet knows of a pod that it is about to start. */
export interface Place {
  readonly name: string;
  readonly namespace: string;
  readonly ip: string;
}

export const PROXY_CONTAINER = 'istio-proxy';

export function memberOf(spec: PodSpec, place: Place, peers: Member['peers'] = 'permissive'): Member {
  const { name, namespace, ip } = place;
  const role = roleOf(spec);
  return {
    name,
    namespace,
    ip,
    serviceAccount: spec.serviceAccountName,
    service: canonicalName(spec) ?? name,
    ports: portsOf(spec, role),
    role,
    interception:
      variable(proxyOf(spec), 'ISTIO_META_INTERCEPTION_MODE') === 'TPROXY' ? 'TPROXY' : 'REDIRECT',
    peers,
    isLeaving: false,
  };
}

/** The container of the agent; undefined in a pod that is not in the mesh. */
export function proxyOf({ initContainers, containers }: PodSpec): ContainerSpec | undefined {
  return [...containers, ...initContainers].find(({ name }) => name === PROXY_CONTAINER);
}

/** Of a variable written into the YAML; empty when it is not there. */
export function variable(container: ContainerSpec | undefined, name: string): string {
  return container?.env.find((one) => one.name === name)?.value ?? '';
}

function roleOf(spec: PodSpec): Role {
  const proxy = proxyOf(spec);
  if (proxy === undefined) return 'none';
  if (variable(proxy, 'DISABLE_ENVOY') === 'true') return 'proxyless';
  return proxy.args?.includes('router') === true ? 'router' : 'sidecar';
}

function canonicalName({ labels }: PodSpec): string | undefined {
  return labels['service.istio.io/canonical-name'] ?? labels['app'];
}

function portsOf(spec: PodSpec, role: Role): readonly MemberPort[] {
  const applications = spec.containers.filter(({ name }) => name !== PROXY_CONTAINER);
  const mutual = role === 'sidecar' && spec.labels['security.istio.io/tlsMode'] === 'istio';
  const ports = applications.flatMap((container) => container.ports);
  return ports
    .filter(({ protocol }) => protocol === 'TCP')
    .map(({ containerPort: port, name }) => {
      return { port, protocol: protocolOf(name), tls: mutual && isCaptured(spec, port) };
    });
}

function protocolOf(name = ''): MemberPort['protocol'] {
  const [first = ''] = name.split('-');
  if (first === 'grpc') return 'grpc';
  return ['http', 'http2'].includes(first) ? 'http' : 'tcp';
}

/** By the arguments of the container that makes or checks the rules: the proxy gets what they capture. */
function isCaptured(spec: PodSpec, port: number): boolean {
  const included = captureList(spec, '-b');
  const isIncluded = included.includes('*') || included.includes(String(port));
  return isIncluded && !captureList(spec, '-d').includes(String(port));
}

/** The entries of a flag of `istio-iptables` in the pod's YAML; none for a pod without that container. */
export function captureList({ initContainers }: PodSpec, flag: string): readonly string[] {
  const args = initContainers.find((container) => container.args?.[0] === 'istio-iptables')?.args ?? [];
  const at = args.indexOf(flag);
  return at < 0 ? [] : (args[at + 1]?.split(',') ?? []);
}
