// What the control plane knows, as one immutable value: made by a source, read by generation. Today it is written
// resources and host names; registries and traffic rules will join them here, and generation will turn them into
// resources.

import type { Any } from '../proto/messages.ts';

/** A resource somebody wrote, ready to be sent. */
export interface WrittenResource {
  readonly typeUrl: string;
  readonly name: string;
  readonly resource: Any;
}

/** The addresses of a host name, for clients that answer DNS questions themselves. */
export interface Host {
  readonly ips: readonly string[];
  /** `Kubernetes` gives the name its short forms too; every other value does not. */
  readonly registry: string;
  readonly shortname: string;
  readonly namespace: string;
  readonly altHosts: readonly string[];
}

/** Something said about some nodes. */
export interface Scope {
  /** Patterns of node ids, `*` for any text; undefined: every node. */
  readonly nodes: readonly string[] | undefined;
  readonly resources: readonly WrittenResource[];
  readonly hosts: ReadonlyMap<string, Host>;
  /** Root certificates to trust besides those of the CA, each PEM. */
  readonly anchors: readonly string[];
}

export interface Snapshot {
  /** Scopes for every node first; a later scope wins over an earlier one. */
  readonly scopes: readonly Scope[];
}

export const EMPTY_SNAPSHOT: Snapshot = { scopes: [] };
