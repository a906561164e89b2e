// The control plane's configuration directory: a file per pod of the mesh, and one with the names of all.

import { stringify } from 'yaml';

import type { Member } from './member.ts';
import { gatewayResources } from './resources/gateway.ts';
import { proxylessResources } from './resources/proxyless.ts';
import { sidecarResources } from './resources/sidecar.ts';
import { servicesOf, type Service } from './services.ts';

/** Contents by file name. */
export function configuration(members: readonly Member[]): ReadonlyMap<string, string> {
  const services = servicesOf(members);
  const names = Object.fromEntries(services.map((service) => [service.host, nameEntry(service)]));
  return new Map([
    ['names.yaml', stringify({ names })],
    ...members.filter(({ role }) => role !== 'none').map((member) => memberFile(member, services)),
  ]);
}

function memberFile(member: Member, services: readonly Service[]): readonly [string, string] {
  const { name, namespace, ip } = member;
  const document = { nodes: [`*~${ip}~${name}.${namespace}~*`], resources: resourcesOf(member, services) };
  return [`${name}.${namespace}.yaml`, stringify(document, { aliasDuplicateObjects: false })];
}

function resourcesOf(member: Member, services: readonly Service[]): readonly object[] {
  if (member.role === 'router') return gatewayResources(services);
  if (member.role === 'proxyless') return proxylessResources(services);
  return sidecarResources(member, services);
}

function nameEntry({ addresses, name, namespace }: Service): object {
  return { ips: addresses, registry: 'Kubernetes', shortname: name, namespace };
}
