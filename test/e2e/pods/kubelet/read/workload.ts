// Finds the pods in Kubernetes YAML: pods themselves, and those that a workload's controller would make from its
// template.

import { createHash } from 'node:crypto';

import { parseAllDocuments } from 'yaml';

import type { PodSpec } from '../pod-spec.ts';
import { type PodName, readPod } from './pod.ts';

type KubernetesObject = Readonly<Record<string, unknown>>;

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
  const { name = 'pod', namespace = 'default' } = (object?.metadata ?? {}) as Record<string, string>;
  if (object !== null && kind === 'Pod') return [readPod(object, { kind, name, namespace })];
  const { template } = (object?.spec ?? {}) as { readonly template?: KubernetesObject };
  return template === undefined ? [] : [fromTemplate(template, { kind, name, namespace })];
}

/** A pod as its workload's controller names and labels it. */
function fromTemplate(template: KubernetesObject, workload: PodName): PodSpec {
  const { kind, name } = workload;
  const digest = createHash('sha256').update(JSON.stringify(template)).digest('hex');
  const [hash, suffix] = [digest.slice(0, 10), digest.slice(10, 15)];
  if (kind !== 'Deployment') return readPod(template, { ...workload, name: `${name}-${suffix}` });
  const pod = readPod(template, { ...workload, name: `${name}-${hash}-${suffix}` });
  return { ...pod, labels: { ...pod.labels, 'pod-template-hash': hash } };
}
