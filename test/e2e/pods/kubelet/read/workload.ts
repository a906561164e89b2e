// Finds the pods in Kubernetes YAML: pods themselves, and those that a workload's controller would make from its
// template.

import { createHash } from 'node:crypto';

import { parseAllDocuments } from 'yaml';

import type { PodSpec } from '../pod-spec.ts';
import { readPod } from './pod.ts';

type KubernetesObject = Readonly<Record<string, unknown>>;

/** Where the template of a pod is. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['spec', 'template'],
  ReplicaSet: ['spec', 'template'],
  ReplicationController: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
};

/**
 * One pod for each Pod and each workload; documents of other kinds are left out.
 *
 * @throws Error that names a field this kubelet does not know
 */
export function readPods(text: string): PodSpec[] {
  // YAML 1.1, as Kubernetes reads it: `0644` is octal.
  const documents = parseAllDocuments(text, { version: '1.1', merge: true });
  return [...documents].flatMap((document) => {
    const [error] = document.errors;
    if (error !== undefined) throw error;
    return podsOf(document.toJS() as KubernetesObject | null);
  });
}

function podsOf(object: KubernetesObject | null): PodSpec[] {
  const kind = String(object?.kind);
  if (object === null) return [];
  if (kind === 'List') return (object.items as readonly KubernetesObject[]).flatMap(podsOf);
  const { name = 'pod', namespace = 'default' } = (object.metadata ?? {}) as Record<string, string>;
  if (kind === 'Pod') return [readPod(object, { kind, name, namespace })];
  const way = TEMPLATES[kind];
  if (way === undefined) return [];
  const template = way.reduce((place, field) => place[field] as KubernetesObject, object);
  return [fromTemplate(template, { kind, name, namespace })];
}

/** A pod as its workload's controller names and labels it. */
function fromTemplate(
  template: KubernetesObject,
  workload: { readonly kind: string; readonly name: string; readonly namespace: string },
): PodSpec {
  const { kind, name } = workload;
  const digest = createHash('sha256').update(JSON.stringify(template)).digest('hex');
  const [hash, suffix] = [digest.slice(0, 10), digest.slice(10, 15)];
  if (kind === 'StatefulSet') return readPod(template, { ...workload, name: `${name}-0` });
  if (kind !== 'Deployment') return readPod(template, { ...workload, name: `${name}-${suffix}` });
  const pod = readPod(template, { ...workload, name: `${name}-${hash}-${suffix}` });
  return { ...pod, labels: { ...pod.labels, 'pod-template-hash': hash } };
}
