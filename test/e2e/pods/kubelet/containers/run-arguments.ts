// A container's specification as arguments of `podman run`. Does nothing but write them.

import type { ContainerSpec, PodSpec } from '../pod-spec.ts';
import { expand } from '../values/environment.ts';
import { milliOf, wholeOf } from '../values/quantity.ts';
import { capabilityArguments, userOf } from './identity.ts';

export interface BoundMount {
  readonly source: string;
  readonly target: string;
  readonly isReadOnly: boolean;
}

/** What of a container only this machine knows. */
export interface RunPlace {
  readonly name: string;
  readonly image: string;
  /** The user that the image names; empty: none. */
  readonly imageUser: string;
  readonly hostname: string;
  /** Path of the pod's. */
  readonly networkNamespace: string;
  /** The host's id of the container's first process is written there. */
  readonly pidFile: string;
  readonly variables: ReadonlyMap<string, string>;
  readonly mounts: readonly BoundMount[];
}

/** Takes away what podman adds and Kubernetes does not. */
const NOTHING_MORE = [
  '--security-opt=seccomp=unconfined',
  '--no-hosts',
  '--passwd=false',
  '--systemd=false',
  '--no-healthcheck',
  '--pids-limit=-1',
  '--read-only-tmpfs=false',
  '--unsetenv=container',
  '--unsetenv=TERM',
];

/** @throws Error for a user or a quantity that cannot be */
export function runArguments(container: ContainerSpec, pod: PodSpec, place: RunPlace): readonly string[] {
  const { name, image, hostname, networkNamespace, pidFile, variables, mounts } = place;
  const words = (list: readonly string[] | undefined): readonly string[] =>
    (list ?? []).map((word) => expand(word, variables));
  const command = words(container.command);
  return [
    'run',
    '--detach',
    '--pull=never',
    '--log-driver=k8s-file',
    `--name=${name}`,
    `--pidfile=${pidFile}`,
    `--hostname=${hostname}`,
    `--network=ns:${networkNamespace}`,
    ...NOTHING_MORE,
    ...securityArguments(container, pod, place.imageUser),
    ...limitArguments(container),
    ...[...variables].flatMap(([key, value]) => ['--env', `${key}=${value}`]),
    ...mounts.flatMap((mount) => ['--mount', mountArgument(mount)]),
    ...(command.length === 0 ? [] : [`--entrypoint=${JSON.stringify(command)}`]),
    image,
    ...words(container.args),
  ];
}

function securityArguments(container: ContainerSpec, pod: PodSpec, imageUser: string): readonly string[] {
  const { readOnlyRootFilesystem, allowPrivilegeEscalation } = container.securityContext;
  const user = userOf(container, pod, imageUser);
  const { fsGroup } = pod.securityContext;
  return [
    `--user=${user}`,
    ...(fsGroup === undefined ? [] : [`--group-add=${fsGroup}`]),
    ...capabilityArguments(container, user),
    ...(readOnlyRootFilesystem ? ['--read-only'] : []),
    ...(allowPrivilegeEscalation ? [] : ['--security-opt=no-new-privileges']),
  ];
}

/** Requests are left out: they weigh pods against each other, and the tests' own processes are no pods. */
function limitArguments({ resources }: ContainerSpec): readonly string[] {
  const { cpu, memory } = resources.limits;
  return [
    ...(cpu === undefined ? [] : [`--cpus=${milliOf(cpu) / 1000}`]),
    ...(memory === undefined ? [] : [`--memory=${wholeOf(memory)}`]),
  ];
}

function mountArgument({ source, target, isReadOnly }: BoundMount): string {
  return `type=bind,src=${source},dst=${target},ro=${isReadOnly}`;
}
