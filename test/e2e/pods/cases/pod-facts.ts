// What the YAML of a pod says, in the words of the checks.

import type { ContainerSpec, PodSpec } from '../kubelet/kubelet.ts';

export const PROXY = 'istio-proxy';

/** Ports of the agent and of Envoy, which no capture rule takes. */
const OWN_PORTS = new Set([15090, 15021, 15020]);

/** What the container that sets or validates the rules was told; undefined in a pod without capture. */
export interface CaptureFlags {
  readonly container: ContainerSpec;
  readonly args: readonly string[];
  readonly mode: string;
  readonly users: readonly string[];
  readonly outboundPort: string;
  readonly inboundPort: string;
  /** `*` or numbers. */
  readonly includedInbound: readonly string[];
  readonly excludedInbound: readonly string[];
  readonly excludedOutbound: readonly string[];
  /** `*` or ranges. */
  readonly includedRanges: readonly string[];
  readonly excludedRanges: readonly string[];
}

export function captureFlags({ initContainers }: PodSpec): CaptureFlags | undefined {
  const container = initContainers.find(({ args }) => args?.[0] === 'istio-iptables');
  if (container === undefined) return undefined;
  const args = container.args ?? [];
  const list = (flag: string): readonly string[] => {
    const at = args.indexOf(flag);
    return at < 0 ? [] : (args[at + 1] ?? '').split(',').filter((entry) => entry !== '');
  };
  const word = (flag: string): string => list(flag)[0] ?? '';
  return {
    container,
    args,
    mode: word('-m'),
    users: list('-u'),
    outboundPort: word('-p'),
    inboundPort: word('-z'),
    includedInbound: list('-b'),
    excludedInbound: list('-d'),
    excludedOutbound: list('-o'),
    includedRanges: list('-i'),
    excludedRanges: list('-x'),
  };
}

/** @throws Error for a pod without capture */
export function captureOf(spec: PodSpec): CaptureFlags {
  const flags = captureFlags(spec);
  if (flags === undefined)
    throw new Error(`the pod ${spec.name} has no container that sets or validates rules`);
  return flags;
}

/** Ports that callers reach without the proxy: excluded ones, and those of the application that are not included. */
export function letThroughPorts(spec: PodSpec): readonly number[] {
  const { includedInbound, excludedInbound } = captureOf(spec);
  const excluded = excludedInbound.map(Number).filter((port) => !OWN_PORTS.has(port));
  if (includedInbound.includes('*')) return excluded;
  const declared = applicationsOf(spec).flatMap(({ ports }) =>
    ports.map(({ containerPort }) => containerPort),
  );
  return [...new Set([...excluded, ...declared.filter((port) => !includedInbound.includes(String(port)))])];
}

export function proxyOf({ name, initContainers, containers }: PodSpec): ContainerSpec {
  const proxy = [...initContainers, ...containers].find((container) => container.name === PROXY);
  if (proxy === undefined) throw new Error(`the pod ${name} has no container ${PROXY}`);
  return proxy;
}

export function isNativeSidecar(spec: PodSpec): boolean {
  return proxyOf(spec).isSidecar;
}

export function applicationsOf({ containers }: PodSpec): readonly ContainerSpec[] {
  return containers.filter(({ name }) => name !== PROXY);
}

/** @throws Error for a pod without application, such as a gateway */
export function applicationOf(spec: PodSpec): ContainerSpec {
  const [application] = applicationsOf(spec);
  if (application === undefined) throw new Error(`the pod ${spec.name} has no application`);
  return application;
}

/** The first port of the application. */
export function servedPort(spec: PodSpec): number {
  const port = applicationOf(spec).ports[0]?.containerPort;
  if (port === undefined) throw new Error(`the application of the pod ${spec.name} names no port`);
  return port;
}

/** The name under which the mesh knows this pod alone. */
export function hostOf({ name, namespace }: Pick<PodSpec, 'name' | 'namespace'>): string {
  return `${name}.${namespace}.svc.cluster.local`;
}

export function identityOf({ namespace, serviceAccountName }: PodSpec): string {
  return `spiffe://cluster.local/ns/${namespace}/sa/${serviceAccountName}`;
}

/** The value a container's YAML gives a variable; undefined when it is not there or comes from elsewhere. */
export function variable({ env }: ContainerSpec, name: string): string | undefined {
  const found = env.findLast((each) => each.name === name);
  return found?.valueFrom === undefined ? found?.value : undefined;
}
