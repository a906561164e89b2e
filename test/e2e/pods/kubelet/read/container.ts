// Reads one container of a pod.

import type { ContainerSecurityContext, ContainerSpec, MountSpec, PortSpec } from '../pod-spec.ts';
import { readLifecycle, readProbe } from './action.ts';
import type { Fields } from './fields.ts';
import { readVariable } from './variables.ts';

export function readContainer(fields: Fields): ContainerSpec {
  fields.ignore('imagePullPolicy', 'terminationMessagePath', 'terminationMessagePolicy');
  return {
    name: fields.need(fields.text('name'), 'name'),
    image: fields.need(fields.text('image'), 'image'),
    command: present(fields.texts('command')),
    args: present(fields.texts('args')),
    env: fields.each('env', readVariable),
    ports: fields.each('ports', readPort),
    resources: readResources(fields),
    securityContext: readSecurityContext(fields),
    volumeMounts: fields.each('volumeMounts', readMount),
    lifecycle: fields.object('lifecycle', readLifecycle) ?? { postStart: undefined, preStop: undefined },
    startupProbe: fields.object('startupProbe', readProbe),
    readinessProbe: fields.object('readinessProbe', readProbe),
    livenessProbe: fields.object('livenessProbe', readProbe),
    isSidecar: false,
  };
}

/** As `readContainer`, and the one restart policy that an init container can have of its own. */
export function readInitContainer(fields: Fields): ContainerSpec {
  const isSidecar = fields.oneOf('restartPolicy', ['Always']) !== undefined;
  return { ...readContainer(fields), isSidecar };
}

/** An empty list is as good as none. */
function present(words: readonly string[] | undefined): readonly string[] | undefined {
  return words?.length === 0 ? undefined : words;
}

function readPort(fields: Fields): PortSpec {
  return {
    name: fields.text('name'),
    containerPort: fields.need(fields.number('containerPort'), 'containerPort'),
    protocol: fields.text('protocol') ?? 'TCP',
  };
}

function readMount(fields: Fields): MountSpec {
  return {
    name: fields.need(fields.text('name'), 'name'),
    mountPath: fields.need(fields.text('mountPath'), 'mountPath'),
    readOnly: fields.flag('readOnly') ?? false,
  };
}

/** What is not asked for but limited is asked for as far as it is limited. */
function readResources(fields: Fields): ContainerSpec['resources'] {
  return (
    fields.object('resources', (resources) => {
      const limits = resources.textMap('limits');
      return { limits, requests: { ...limits, ...resources.textMap('requests') } };
    }) ?? { limits: {}, requests: {} }
  );
}

function readSecurityContext(fields: Fields): ContainerSecurityContext {
  return fields.object('securityContext', securityContext) ?? NO_CONTEXT;
}

const NO_CONTEXT: ContainerSecurityContext = {
  runAsUser: undefined,
  runAsGroup: undefined,
  runAsNonRoot: undefined,
  capabilities: { add: [], drop: [] },
  readOnlyRootFilesystem: false,
  allowPrivilegeEscalation: true,
};

function securityContext(fields: Fields): ContainerSecurityContext {
  fields.refuseTrue('privileged');
  return {
    runAsUser: fields.number('runAsUser'),
    runAsGroup: fields.number('runAsGroup'),
    runAsNonRoot: fields.flag('runAsNonRoot'),
    capabilities: fields.object('capabilities', (capabilities) => ({
      add: capabilities.texts('add') ?? [],
      drop: capabilities.texts('drop') ?? [],
    })) ?? { add: [], drop: [] },
    readOnlyRootFilesystem: fields.flag('readOnlyRootFilesystem') ?? false,
    allowPrivilegeEscalation: fields.flag('allowPrivilegeEscalation') ?? true,
  };
}
