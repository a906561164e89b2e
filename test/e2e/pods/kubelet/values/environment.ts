// The environment of a container, and the references to it in values and words.

import type { ContainerSpec, PodSpec } from '../pod-spec.ts';
import { fieldValue, type Placement, resourceValue } from './downward.ts';

export interface ValueContext {
  readonly pod: PodSpec;
  readonly placement: Placement;
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
 * @see Kubernetes' kubelet_pods.go makeEnvironmentVariables
 */
export function environment(
  container: ContainerSpec,
  { pod, placement }: ValueContext,
  services: Readonly<Record<string, string>>,
): ReadonlyMap<string, string> {
  const variables = new Map(Object.entries(services));
  for (const { name, value, valueFrom } of container.env) {
    if (valueFrom === undefined) variables.set(name, expand(value, variables));
    else if (valueFrom.from === 'field') variables.set(name, fieldValue(valueFrom.fieldPath, pod, placement));
    else variables.set(name, resourceValue(valueFrom, container, placement));
  }
  return variables;
}

/**
 * Text with `$(NAME)` replaced: an unknown name stays as it is, `$$` is an escaped `$`.
 *
 * @see Kubernetes' third_party/forked/golang/expansion
 */
export function expand(text: string, variables: ReadonlyMap<string, string>): string {
  return text.replaceAll(/\$(?:\$|\(([^)]*)\))/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (variables.get(name) ?? whole),
  );
}
