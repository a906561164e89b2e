// Reads the metadata and the spec of a pod.

import { randomUUID } from 'node:crypto';

import type { PodSecurityContext, PodSpec } from '../pod-spec.ts';
import { readContainer, readInitContainer } from './container.ts';
import { Fields } from './fields.ts';
import { readVolume } from './volume.ts';

/** What the pod is called; of a workload's pods, whatever its controller calls them. */
export interface PodName {
  readonly kind: string;
  readonly name: string;
  readonly namespace: string;
}

/** What a scheduler or the API server cares about, and no node. */
const NOT_OF_THE_NODE = [
  'affinity',
  'enableServiceLinks',
  'imagePullSecrets',
  'nodeName',
  'nodeSelector',
  'preemptionPolicy',
  'priority',
  'priorityClassName',
  'schedulerName',
  'serviceAccount',
  'tolerations',
  'topologySpreadConstraints',
];

const DEFAULT_GRACE_SECONDS = 30;

/** @param pod the object with `metadata` and `spec` */
export function readPod(pod: Readonly<Record<string, unknown>>, named: PodName): PodSpec {
  const metadata = Fields.read(pod.metadata ?? {}, 'metadata', (fields) => ({
    labels: fields.textMap('labels'),
    annotations: fields.textMap('annotations'),
    ...ignored(fields, 'name', 'generateName', 'namespace', 'creationTimestamp', 'uid', 'ownerReferences'),
  }));
  return { uid: randomUUID(), ...named, ...metadata, ...Fields.read(pod.spec, 'spec', readSpec) };
}

function ignored(fields: Fields, ...names: readonly string[]): object {
  fields.ignore(...names);
  return {};
}

function readSpec(fields: Fields): Omit<PodSpec, keyof PodName | 'uid' | 'labels' | 'annotations'> {
  fields.ignore(...NOT_OF_THE_NODE);
  fields.oneOf('dnsPolicy', ['ClusterFirst']);
  for (const name of ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace']) fields.refuseTrue(name);
  return {
    serviceAccountName: fields.text('serviceAccountName') ?? 'default',
    automountServiceAccountToken: fields.flag('automountServiceAccountToken') ?? true,
    restartPolicy: fields.oneOf('restartPolicy', ['Always', 'OnFailure', 'Never']) ?? 'Always',
    terminationGracePeriodSeconds: fields.number('terminationGracePeriodSeconds') ?? DEFAULT_GRACE_SECONDS,
    securityContext: fields.object('securityContext', readSecurityContext) ?? NO_CONTEXT,
    initContainers: fields.each('initContainers', readInitContainer),
    containers: fields.each('containers', readContainer),
    volumes: fields.each('volumes', readVolume),
  };
}

const NO_CONTEXT: PodSecurityContext = {
  runAsUser: undefined,
  runAsGroup: undefined,
  runAsNonRoot: undefined,
  fsGroup: undefined,
  sysctls: [],
};

function readSecurityContext(fields: Fields): PodSecurityContext {
  return {
    runAsUser: fields.number('runAsUser'),
    runAsGroup: fields.number('runAsGroup'),
    runAsNonRoot: fields.flag('runAsNonRoot'),
    fsGroup: fields.number('fsGroup'),
    sysctls: fields.each('sysctls', (sysctl) => ({
      name: sysctl.need(sysctl.text('name'), 'name'),
      value: sysctl.need(sysctl.text('value'), 'value'),
    })),
  };
}
