// Values of the downward API: what a pod may know of itself, in variables and in files.

import { byteOrder } from '../../../../../src/runtime/json.ts';
import type { ContainerSpec, PodSpec, ResourceReference } from '../pod-spec.ts';
import { goQuote } from './go-quote.ts';
import { divideQuantity } from './quantity.ts';

/** What is known of a pod once it is on a node. */
export interface Placement {
  readonly podIp: string;
  readonly hostIp: string;
  readonly nodeName: string;
  /** What a container without limits could use: quantities by resource. */
  readonly allocatable: Readonly<Record<string, string>>;
}

/** @throws Error for a path that the downward API does not have */
export function fieldValue(path: string, pod: PodSpec, placement: Placement): string {
  const [, map, key = ''] = /^metadata\.(labels|annotations)\['(.+)'\]$/.exec(path) ?? [];
  if (map !== undefined) return (map === 'labels' ? pod.labels : pod.annotations)[key] ?? '';
  const fields: Readonly<Record<string, string>> = {
    'metadata.name': pod.name,
    'metadata.namespace': pod.namespace,
    'metadata.uid': pod.uid,
    'metadata.labels': mapText(pod.labels),
    'metadata.annotations': mapText(pod.annotations),
    'spec.nodeName': placement.nodeName,
    'spec.serviceAccountName': pod.serviceAccountName,
    'status.podIP': placement.podIp,
    'status.podIPs': placement.podIp,
    'status.hostIP': placement.hostIp,
    'status.hostIPs': placement.hostIp,
  };
  const value = fields[path];
  if (value === undefined) throw new Error(`this kubelet does not know the field ${path}`);
  return value;
}

/** Sorted lines of key and quoted value, without a final newline. @see Kubernetes' fieldpath.FormatMap */
export function mapText(map: Readonly<Record<string, string>>): string {
  const keys = Object.keys(map).toSorted(byteOrder);
  return keys.map((key) => `${key}=${goQuote(map[key] ?? '')}`).join('\n');
}

/** @throws Error for other resources than limits and requests of cpu and memory */
export function resourceValue(
  { resource, divisor }: ResourceReference,
  { resources }: ContainerSpec,
  placement: Placement,
): string {
  const [, kind, name] = /^(limits|requests)\.(cpu|memory)$/.exec(resource) ?? [];
  if (name === undefined) throw new Error(`this kubelet does not know the resource ${resource}`);
  const { limits, requests } = resources;
  const amount = kind === 'limits' ? (limits[name] ?? placement.allocatable[name]) : requests[name];
  return String(divideQuantity(amount ?? '0', divisor));
}
