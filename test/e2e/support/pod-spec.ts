// An injected pod as its YAML says it: the proxy's container and the one that sets the rules, with the values a
// kubelet puts in. Knows nothing of this machine; injected-pod.ts runs it.

import { readFile } from 'node:fs/promises';

import { parseAllDocuments } from 'yaml';

/** What a cluster would decide about the pod. */
export interface PodFacts {
  readonly name: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly nodeName: string;
  readonly podIp: string;
  readonly hostIp: string;
}

export interface Container {
  /** With every `$(NAME)` replaced. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly user: number;
  readonly group: number;
  /** Capabilities left, as `setpriv` writes them. */
  readonly capabilities: readonly string[];
  readonly volumes: readonly MountedVolume[];
  /** Words of the preStop hook; empty without one. */
  readonly preStop: readonly string[];
  /** Path and port of the readiness probe. */
  readonly readiness: { readonly path: string; readonly port: number };
}

export type VolumeKind = 'empty' | 'pod-info' | 'token' | 'root-certificate' | 'absent';

export interface MountedVolume {
  readonly path: string;
  readonly kind: VolumeKind;
}

export interface PodSpec {
  readonly proxy: Container;
  /** Undefined in a pod without traffic capture. */
  readonly init: Container | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Reads a Pod, or the pod template of a workload. */
export async function readPodSpec(path: string, facts: PodFacts): Promise<PodSpec> {
  const documents = parseAllDocuments(await readFile(path, 'utf8')) as { toJS(): unknown }[];
  const pod = documents.map((document) => podOf(document.toJS() as KubernetesObject | null)).find(Boolean);
  if (pod === undefined) throw new Error(`${path} has no pod`);
  const { initContainers = [], containers } = pod.spec;
  const container = (name: string): Container | undefined => {
    const found = [...initContainers, ...containers].find((each) => each.name === name);
    return found && resolve(found, pod, facts);
  };
  const proxy = container('istio-proxy');
  if (proxy === undefined) throw new Error(`${path} has no container istio-proxy`);
  const { labels = {}, annotations = {} } = pod.metadata;
  return { proxy, init: container('istio-init'), labels, annotations };
}

interface KubernetesObject extends Partial<PodTemplate> {
  readonly spec: PodTemplate['spec'] & { readonly template?: PodTemplate };
}

interface PodTemplate {
  readonly metadata: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: {
    readonly containers: readonly ContainerYaml[];
    readonly initContainers?: readonly ContainerYaml[];
    readonly volumes?: readonly VolumeYaml[];
  };
}

interface ContainerYaml {
  readonly name: string;
  readonly args?: readonly string[];
  readonly env?: readonly VariableYaml[];
  readonly lifecycle?: { readonly preStop?: { readonly exec: { readonly command: readonly string[] } } };
  readonly readinessProbe?: { readonly httpGet: { readonly path: string; readonly port: number } };
  readonly resources?: { readonly limits?: Readonly<Record<string, string>> };
  readonly securityContext?: {
    readonly runAsUser?: number;
    readonly runAsGroup?: number;
    readonly capabilities?: { readonly add?: readonly string[] };
  };
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
}

interface VariableYaml {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: {
    readonly fieldRef?: { readonly fieldPath: string };
    readonly resourceFieldRef?: { readonly resource: string };
  };
}

interface VolumeYaml {
  readonly name: string;
  readonly downwardAPI?: object;
  readonly projected?: object;
  readonly configMap?: { readonly optional?: boolean };
}

function podOf(object: KubernetesObject | null): PodTemplate | undefined {
  const pod = object?.spec.template ?? object;
  return pod?.spec.containers === undefined ? undefined : { metadata: pod.metadata ?? {}, spec: pod.spec };
}

function resolve(yaml: ContainerYaml, pod: PodTemplate, facts: PodFacts): Container {
  const env: Record<string, string> = {};
  for (const { name, value = '', valueFrom } of yaml.env ?? [])
    env[name] = valueFrom === undefined ? substitute(value, env) : given(valueFrom, yaml, pod, facts);
  const { runAsUser = 0, runAsGroup = 0, capabilities } = yaml.securityContext ?? {};
  const { path = '', port = 0 } = yaml.readinessProbe?.httpGet ?? {};
  return {
    args: (yaml.args ?? []).map((word) => substitute(word, env)),
    env,
    user: runAsUser,
    group: runAsGroup,
    capabilities: (capabilities?.add ?? []).map((name) => name.toLowerCase()),
    volumes: (yaml.volumeMounts ?? []).map(({ name, mountPath }) => ({
      path: mountPath,
      kind: kindOf(pod.spec.volumes?.find((volume) => volume.name === name)),
    })),
    preStop: yaml.lifecycle?.preStop?.exec.command ?? [],
    readiness: { path, port },
  };
}

/** `$(NAME)` of a variable defined before; others stay as they are. */
function substitute(text: string, env: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\((\w+)\)/g, (whole, name: string) => env[name] ?? whole);
}

function given(
  { fieldRef, resourceFieldRef }: NonNullable<VariableYaml['valueFrom']>,
  yaml: ContainerYaml,
  pod: PodTemplate,
  facts: PodFacts,
): string {
  if (resourceFieldRef !== undefined) return limit(yaml, resourceFieldRef.resource);
  const path = fieldRef?.fieldPath ?? '';
  const label = /^metadata\.labels\['(.+)'\]$/.exec(path)?.[1];
  if (label !== undefined) return pod.metadata.labels?.[label] ?? '';
  const known: Readonly<Record<string, string>> = {
    'metadata.name': facts.name,
    'metadata.namespace': facts.namespace,
    'spec.serviceAccountName': facts.serviceAccount,
    'spec.nodeName': facts.nodeName,
    'status.podIP': facts.podIp,
    'status.hostIP': facts.hostIp,
  };
  const value = known[path];
  if (value === undefined) throw new Error(`no value for the field ${path}`);
  return value;
}

/** `limits.cpu` in cores, `limits.memory` in bytes, from whole cores and Gi. */
function limit(yaml: ContainerYaml, resource: string): string {
  const text = yaml.resources?.limits?.[resource.replace(/^limits\./, '')] ?? '';
  const [, number = '', unit = ''] = /^(\d+)(Gi)?$/.exec(text) ?? [];
  if (number === '') throw new Error(`no value for the resource ${resource}`);
  return unit === 'Gi' ? String(Number(number) * 1024 ** 3) : number;
}

/** A volume that names no source is an empty directory. */
function kindOf(volume: VolumeYaml | undefined): VolumeKind {
  if (volume?.downwardAPI !== undefined) return 'pod-info';
  if (volume?.projected !== undefined) return 'token';
  if (volume?.configMap === undefined) return 'empty';
  return volume.configMap.optional === true ? 'absent' : 'root-certificate';
}
