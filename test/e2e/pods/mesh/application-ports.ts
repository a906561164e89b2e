// The ports that the application of a container has to listen on so that all a pod's YAML says of it works: those it
// declares, those that probes, hooks and scrapes go to, and, by the first application, those that capture names.

import type { Action, ContainerSpec, PodSpec } from '../kubelet/pod-spec.ts';
import { captureList, PROXY_CONTAINER, proxyOf, variable } from './member.ts';

/** The agent's and Envoy's. */
const PROXY_PORTS: ReadonlySet<number> = new Set([15_020, 15_021, 15_090]);

export function applicationPorts(spec: PodSpec, container: ContainerSpec): readonly number[] {
  const applications = spec.containers.filter(({ name }) => name !== PROXY_CONTAINER);
  const others = applications.filter(({ name }) => name !== container.name);
  const theirs = new Set(others.flatMap((other) => ownPorts(spec, other)));
  const first = applications[0]?.name === container.name;
  const shared = first
    ? [...scrapedPorts(spec), ...capturedPorts(spec)].filter((port) => !theirs.has(port))
    : [];
  const all = new Set([...ownPorts(spec, container), ...shared]);
  return [...all].filter((port) => !PROXY_PORTS.has(port)).toSorted((one, other) => one - other);
}

function ownPorts(spec: PodSpec, container: ContainerSpec): readonly number[] {
  const declared = container.ports.map(({ containerPort }) => containerPort);
  return [...declared, ...askedPorts(container), ...rewrittenPorts(spec, container)];
}

/** Of probes and hooks that go to the application itself. */
function askedPorts(container: ContainerSpec): readonly number[] {
  const { lifecycle, startupProbe, readinessProbe, livenessProbe } = container;
  const probes = [startupProbe, readinessProbe, livenessProbe].map((probe) => probe?.action);
  const ports = [...probes, lifecycle.postStart, lifecycle.preStop].map((action) => action && portOf(action));
  return ports.filter((port) => typeof port === 'number');
}

function portOf(action: Action): number | string | undefined {
  return 'port' in action ? action.port : undefined;
}

type Probers = Readonly<Record<string, Readonly<Record<string, { readonly port: number }>>>>;

/** Of probes and hooks that the injector sends through the agent. */
function rewrittenPorts(spec: PodSpec, { name }: ContainerSpec): readonly number[] {
  const probers = JSON.parse(variable(proxyOf(spec), 'ISTIO_KUBE_APP_PROBERS') || '{}') as Probers;
  const own = Object.entries(probers).filter(([path]) => path.split('/')[2] === name);
  return own.flatMap(([, prober]) => Object.values(prober).flatMap(({ port }) => port ?? []));
}

interface Scrape {
  readonly port?: string;
  readonly targets?: readonly { readonly port: string }[];
}

function scrapedPorts(spec: PodSpec): readonly number[] {
  const { port, targets = [] } = JSON.parse(
    variable(proxyOf(spec), 'ISTIO_PROMETHEUS_ANNOTATIONS') || '{}',
  ) as Scrape;
  return [...(port === undefined ? [] : [port]), ...targets.map((target) => target.port)].map(Number);
}

function capturedPorts(spec: PodSpec): readonly number[] {
  const entries = [...captureList(spec, '-b'), ...captureList(spec, '-d')];
  return entries.filter((entry) => /^\d+$/.test(entry)).map(Number);
}
