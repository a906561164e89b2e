// What the files of a projected volume say, and with what mode and owner. Writes nothing.

import type { Cluster } from '../contract.ts';
import type { PodSpec, Projection, VolumeSpec } from '../pod-spec.ts';
import { fieldValue } from '../values/downward.ts';
import type { ValueContext } from '../values/environment.ts';

/** What Kubernetes gives files of volumes that do not say otherwise. */
const MODE = 0o644;

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
    for (const [path, file] of await filesOf(source, volume.name, context)) files.set(path, file);
  return files;
}

type NamedFiles = readonly (readonly [path: string, ProjectedFile])[];

function filesOf(
  source: Projection,
  volume: string,
  context: ProjectionContext,
): NamedFiles | Promise<NamedFiles> {
  if (source.from === 'serviceAccountToken') return tokenFile(source, context);
  if (source.from !== 'downwardAPI') return keyFiles(source, volume, context);
  const { pod, placement } = context;
  return source.items.map(({ path, fieldPath }) => [
    path,
    { text: fieldValue(fieldPath, pod, placement), mode: MODE },
  ]);
}

/**
 * A token is its reader's alone where the reader is known: owned by the user that all containers share, or handed to
 * the pod's group afterwards.
 *
 * @see Kubernetes' pkg/volume/projected/projected.go collectData
 */
async function tokenFile(
  source: Extract<Projection, { readonly from: 'serviceAccountToken' }>,
  { pod, cluster }: ProjectionContext,
): Promise<NamedFiles> {
  const { audience, expirationSeconds, path } = source;
  const { namespace, serviceAccountName: serviceAccount } = pod;
  const text = await cluster.token({ namespace, serviceAccount, audience, expirationSeconds });
  const uid = commonUser(pod);
  const isPrivate = uid !== undefined || pod.securityContext.fsGroup !== undefined;
  return [[path, { text, mode: isPrivate ? 0o600 : MODE, uid }]];
}

/** The user that every container runs as by its specification. */
export function commonUser(pod: PodSpec): number | undefined {
  const containers = [...pod.initContainers, ...pod.containers];
  const users = containers.map((each) => each.securityContext.runAsUser ?? pod.securityContext.runAsUser);
  return users.every((user) => user === users[0]) ? users[0] : undefined;
}

function keyFiles(
  { from, name, optional }: Extract<Projection, { readonly from: 'configMap' | 'secret' }>,
  volume: string,
  { cluster, pod }: ProjectionContext,
): NamedFiles {
  const entries = cluster[from](pod.namespace, name);
  if (entries === undefined && !optional)
    throw new Error(`the volume ${volume} of the pod ${pod.name} needs the ${from} ${pod.namespace}/${name}`);
  return [...(entries ?? [])].map(([key, text]) => [key, { text, mode: MODE }]);
}
