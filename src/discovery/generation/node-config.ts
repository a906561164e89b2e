// From the model to what one node is sent: its resources by type, each with a version. Pure.

import { createHash } from 'node:crypto';

import type { Any, Codec, NameTable } from '../../proto/messages.ts';
import type { VersionedResource } from '../../xds/delta-stream.ts';
import { NAME_TABLE_TYPE } from '../../xds/type-urls.ts';
import type { Host, Snapshot } from '../model.ts';
import { matchesNode } from './node-pattern.ts';

export interface TypeConfig {
  /** Changes exactly when one of the resources does. */
  readonly version: string;
  readonly resources: ReadonlyMap<string, VersionedResource>;
}

/** By type URL. A type of which the node has nothing is absent. */
export type NodeConfig = ReadonlyMap<string, TypeConfig>;

/**
 * What the snapshot holds for a node. Of resources with the same type and name the last scope's is taken; of a host
 * name likewise. There is always a name table, if only an empty one: a client that asks for it waits for it.
 */
export function nodeConfig(snapshot: Snapshot, nodeId: string, nameTable: Codec<NameTable>): NodeConfig {
  const types = new Map<string, Map<string, VersionedResource>>();
  const hosts = new Map<string, Host>();
  for (const scope of snapshot.scopes.filter(({ nodes }) => matchesNode(nodes, nodeId))) {
    for (const { typeUrl, name, resource } of scope.resources) {
      const ofType = types.get(typeUrl) ?? new Map<string, VersionedResource>();
      types.set(typeUrl, ofType.set(name, versioned(resource)));
    }
    for (const [name, host] of scope.hosts) hosts.set(name, host);
  }
  types.set(NAME_TABLE_TYPE, new Map([['', versioned(nameTableOf(hosts, nameTable))]]));
  return new Map([...types].map(([typeUrl, resources]) => [typeUrl, typeConfig(resources)]));
}

function nameTableOf(hosts: ReadonlyMap<string, Host>, codec: Codec<NameTable>): Any {
  const entries = [...hosts].map(([name, { ips, registry, shortname, namespace, altHosts }]) => [
    name,
    { ips: [...ips], registry, shortname, namespace, altHosts: [...altHosts] },
  ]);
  return { typeUrl: NAME_TABLE_TYPE, value: codec.encode({ table: Object.fromEntries(entries) }) };
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
