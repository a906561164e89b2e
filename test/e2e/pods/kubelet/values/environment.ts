// The environment of a container, and its words with the references in them replaced.

import type { Cluster } from '../contract.ts';
import type { ContainerSpec, PodSpec, ValueSource, VariablesSource } from '../pod-spec.ts';
import { fieldValue, type Placement, resourceValue } from './downward.ts';
import { expand } from './expansion.ts';

export interface ValueContext {
  readonly pod: PodSpec;
  readonly placement: Placement;
  readonly cluster: Pick<Cluster, 'configMap' | 'secret'>;
}

/** Where pods find the API server: the variables of its service, the only one that they are told of here. */
export function serviceVariables(address: string): Readonly<Record<string, string>> {
  const port = `tcp://${address}:443`;
  return {
    KUBERNETES_SERVICE_HOST: address,
    KUBERNETES_SERVICE_PORT: '443',
    KUBERNETES_SERVICE_PORT_HTTPS: '443',
    KUBERNETES_PORT: port,
    KUBERNETES_PORT_443_TCP: port,
    KUBERNETES_PORT_443_TCP_PROTO: 'tcp',
    KUBERNETES_PORT_443_TCP_PORT: '443',
    KUBERNETES_PORT_443_TCP_ADDR: address,
  };
}

/**
 * In order, each variable once: a value sees the ones before it and those of services.
 *
 * @throws Error for a config map, secret or key that is not there and not optional
 * @see Kubernetes' kubelet_pods.go makeEnvironmentVariables
 */
export function environment(
  container: ContainerSpec,
  context: ValueContext,
  services: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> {
  const variables = new Map<string, string>();
  for (const source of container.envFrom)
    for (const [name, value] of importedVariables(source, context)) variables.set(name, value);
  for (const { name, value, valueFrom } of container.env) {
    const known = (reference: string): string | undefined => variables.get(reference) ?? services[reference];
    const found = valueFrom === undefined ? expand(value, known) : sourceValue(valueFrom, container, context);
    if (found !== undefined) variables.set(name, found);
  }
  return new Map([...Object.entries(services), ...variables]);
}

/** The words of a command with every known variable put in. */
export function expandWords(
  words: readonly string[],
  variables: ReadonlyMap<string, string>,
): readonly string[] {
  return words.map((word) => expand(word, (name) => variables.get(name)));
}

function importedVariables(
  { from, name, optional, prefix }: VariablesSource,
  { cluster, pod }: ValueContext,
): readonly (readonly [string, string])[] {
  const entries = cluster[from](pod.namespace, name);
  if (entries === undefined && !optional) throw missing(from, pod, name);
  return [...(entries ?? [])].map(([key, value]) => [prefix + key, value]);
}

/** Undefined for what is optional and not there: the variable is not set then. */
function sourceValue(
  source: ValueSource,
  container: ContainerSpec,
  { cluster, pod, placement }: ValueContext,
): string | undefined {
  if (source.from === 'field') return fieldValue(source.field.fieldPath, pod, placement);
  if (source.from === 'resource') return resourceValue(source.resource, pod, placement, container);
  const { name, key, optional } = source.key;
  const value = cluster[source.from](pod.namespace, name)?.get(key);
  if (value === undefined && !optional) throw missing(source.from, pod, name, key);
  return value;
}

function missing(kind: string, pod: PodSpec, name: string, key?: string): Error {
  const what = key === undefined ? '' : ` with the key ${key}`;
  return new Error(`the pod ${pod.name} needs the ${kind} ${pod.namespace}/${name}${what}`);
}
