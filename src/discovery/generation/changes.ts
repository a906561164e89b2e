// What became different for a node, in the order in which it must be sent.

import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  EXTENSION_CONFIG_TYPE,
  LISTENER_TYPE,
  NAME_TABLE_TYPE,
  PROXY_CONFIG_TYPE,
  ROUTE_TYPE,
  SECRET_TYPE,
} from '../../xds/type-urls.ts';
import type { NodeConfig, TypeConfig } from './node-config.ts';

/** What a type refers to comes before it is needed: clusters with their endpoints, then listeners, then routes. */
const PUSH_ORDER = [
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  SECRET_TYPE,
  EXTENSION_CONFIG_TYPE,
  LISTENER_TYPE,
  ROUTE_TYPE,
  NAME_TABLE_TYPE,
  PROXY_CONFIG_TYPE,
];

/**
 * A client that gets a changed cluster or listener warms it, and waits for the endpoints or routes to arrive again
 * even when they are as before: Envoy 1.40 for 15 s, its initial fetch timeout.
 */
const WARMED_WITH: ReadonlyMap<string, string> = new Map([
  [ENDPOINT_TYPE, CLUSTER_TYPE],
  [ROUTE_TYPE, LISTENER_TYPE],
]);

export interface TypeChange {
  readonly typeUrl: string;
  readonly changed: readonly string[];
  readonly removed: readonly string[];
  /** True when unchanged resources of the type must be sent again too; `changed` then names all of them. */
  readonly again: boolean;
}

/** Types without a change are left out. */
export function changesBetween(before: NodeConfig, after: NodeConfig): TypeChange[] {
  return PUSH_ORDER.map((typeUrl): TypeChange => {
    const parent = WARMED_WITH.get(typeUrl);
    const again = parent !== undefined && changedNames(before.get(parent), after.get(parent)).length > 0;
    const resources = after.get(typeUrl);
    return {
      typeUrl,
      changed: again
        ? [...(resources?.resources.keys() ?? [])]
        : changedNames(before.get(typeUrl), resources),
      removed: [...(before.get(typeUrl)?.resources.keys() ?? [])].filter(
        (name) => !resources?.resources.has(name),
      ),
      again,
    };
  }).filter(({ changed, removed }) => changed.length > 0 || removed.length > 0);
}

function changedNames(before: TypeConfig | undefined, after: TypeConfig | undefined): string[] {
  if (after === undefined || before?.version === after.version) return [];
  const isNew = (name: string, version: string): boolean => before?.resources.get(name)?.version !== version;
  return [...after.resources].filter(([name, { version }]) => isNew(name, version)).map(([name]) => name);
}
