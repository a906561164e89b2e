// What the files of a projected volume say, and with what mode and owner. Writes nothing.

import type { Cluster } from '../contract.ts';
import type { PodSpec, Projection, VolumeSpec } from '../pod-spec.ts';
import { fieldValue, resourceValue } from '../values/downward.ts';
import type { ValueContext } from '../values/environment.ts';

export interface ProjectedFile {
  readonly text: string;
  readonly mode: number;
  /** Undefined: root. */
  readonly uid?: number | undefined;
}

export interface ProjectionContext extends ValueContext {
  readonly cluster: Pick<Cluster, 'configMap' | 'secret' | 'token'>;
}

type ProjectedVolume = Extract<VolumeSpec, { readonly kind: 'projected' }>;

/** @returns files by path; @throws Error for what is not there and not optional */
export async function projectedFiles(
  volume: ProjectedVolume,
  context: ProjectionContext,
): Promise<ReadonlyMap<string, ProjectedFile>> {
  const files = new Map<string, ProjectedFile>();
  for (const source of volume.sources)
    for (const [path, file] of await filesOf(source, volume, context)) files.set(path, file);
  return files;
}

type NamedFiles = readonly (readonly [path: string, ProjectedFile])[];

function filesOf(
  source: Projection,
  { name, defaultMode }: ProjectedVolume,
  context: ProjectionContext,
): NamedFiles | Promise<NamedFiles> {
  const { pod, placement } = context;
  if (source.from === 'serviceAccountToken') return tokenFile(source, defaultMode, context);
  if (source.from !== 'downwardAPI') return keyFiles(source, { name, defaultMode }, context);
  return source.items.map(({ path, mode = defaultMode, value }) => {
    const isField = value.from === 'field';
    const text = isField
      ? fieldValue(value.field.fieldPath, pod, placement)
      : resourceValue(value.resource, pod, placement);
    return [path, { text, mode }];
  });
}

/**
 * A token is its reader's alone where the reader is known: owned by the user that all containers share, or handed to
 * the pod's group afterwards.
 *
 * @see Kubernetes' pkg/volume/projected/projected.go collectData
 */
async function tokenFile(
  source: Extract<Projection, { readonly from: 'serviceAccountToken' }>,
  defaultMode: number,
  { pod, cluster }: ProjectionContext,
): Promise<NamedFiles> {
  const { audience, expirationSeconds, path } = source;
  const { namespace, serviceAccountName: serviceAccount } = pod;
  const text = await cluster.token({ namespace, serviceAccount, audience, expirationSeconds });
  const uid = commonUser(pod);
  const isPrivate = uid !== undefined || pod.securityContext.fsGroup !== undefined;
  return [[path, { text, mode: isPrivate ? 0o600 : defaultMode, uid }]];
}

/** The user that every container runs as by its specification. */
export function commonUser(pod: PodSpec): number | undefined {
  const containers = [...pod.initContainers, ...pod.containers];
  const users = containers.map((each) => each.securityContext.runAsUser ?? pod.securityContext.runAsUser);
  return users.every((user) => user === users[0]) ? users[0] : undefined;
}

function keyFiles(
  source: Extract<Projection, { readonly from: 'configMap' | 'secret' }>,
  volume: { readonly name: string; readonly defaultMode: number },
  { cluster, pod }: ProjectionContext,
): NamedFiles {
  const { from, name, optional, items } = source;
  const where = `the volume ${volume.name} of the pod ${pod.name}`;
  const entries = cluster[from](pod.namespace, name);
  if (entries === undefined && optional) return [];
  if (entries === undefined) throw new Error(`${where} needs the ${from} ${pod.namespace}/${name}`);
  const mode = volume.defaultMode;
  if (items === undefined) return [...entries].map(([key, text]) => [key, { text, mode }]);
  return items.flatMap((item): NamedFiles => {
    const text = entries.get(item.key);
    if (text !== undefined) return [[item.path, { text, mode: item.mode ?? mode }]];
    if (optional) return [];
    throw new Error(`${where} needs the key ${item.key} of the ${from} ${pod.namespace}/${name}`);
  });
}
