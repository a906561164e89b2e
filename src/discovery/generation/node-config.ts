// From the model to what one node is sent: its resources by type, each with a version. Pure.

import { createHash } from 'node:crypto';

import type { Any, Messages } from '../../proto/messages.ts';
import type { VersionedResource } from '../../xds/delta-stream.ts';
import { NAME_TABLE_TYPE, PROXY_CONFIG_TYPE } from '../../xds/type-urls.ts';
import type { Host, Snapshot } from '../model.ts';
import { matchesNode } from './node-pattern.ts';

export interface TypeConfig {
  /** Changes exactly when one of the resources does. */
  readonly version: string;
  readonly resources: ReadonlyMap<string, VersionedResource>;
}

type NodeMessages = Pick<Messages, 'nameTable' | 'proxyConfig'>;

/** By type URL. A type of which the node has nothing is absent. */
export type NodeConfig = ReadonlyMap<string, TypeConfig>;

/**
 * What the snapshot holds for a node. Of resources with the same type and name the last scope's is taken; of a host
 * name likewise. There are always a name table and a ProxyConfig, if only empty ones: a client that asks for the table
 * waits for it, and only an empty ProxyConfig says that anchors are gone.
 */
export function nodeConfig(snapshot: Snapshot, nodeId: string, messages: NodeMessages): NodeConfig {
  const types = new Map<string, Map<string, VersionedResource>>();
  const hosts = new Map<string, Host>();
  const anchors: string[] = [];
  for (const scope of snapshot.scopes.filter(({ nodes }) => matchesNode(nodes, nodeId))) {
    for (const { typeUrl, name, resource } of scope.resources) {
      const ofType = types.get(typeUrl) ?? new Map<string, VersionedResource>();
      types.set(typeUrl, ofType.set(name, versioned(resource)));
    }
    for (const [name, host] of scope.hosts) hosts.set(name, host);
    anchors.push(...scope.anchors);
  }
  types.set(NAME_TABLE_TYPE, new Map([['', versioned(nameTableOf(hosts, messages))]]));
  const proxyConfig = messages.proxyConfig.encode({ caCertificatesPem: anchors });
  types.set(
    PROXY_CONFIG_TYPE,
    new Map([['', versioned({ typeUrl: PROXY_CONFIG_TYPE, value: proxyConfig })]]),
  );
  return new Map([...types].map(([typeUrl, resources]) => [typeUrl, typeConfig(resources)]));
}

function nameTableOf(hosts: ReadonlyMap<string, Host>, { nameTable }: NodeMessages): Any {
  const entries = [...hosts].map(([name, { ips, registry, shortname, namespace, altHosts }]) => [
    name,
    { ips: [...ips], registry, shortname, namespace, altHosts: [...altHosts] },
  ]);
  return { typeUrl: NAME_TABLE_TYPE, value: nameTable.encode({ table: Object.fromEntries(entries) }) };
}

function versioned(resource: Any): VersionedResource {
  return { version: shortHash([resource.value]), resource };
}

function typeConfig(resources: ReadonlyMap<string, VersionedResource>): TypeConfig {
  const parts = [...resources].map(([name, { version }]) => `${name}\n${version}\n`).sort();
  return { version: shortHash(parts), resources };
}

function shortHash(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex').slice(0, 16);
}
