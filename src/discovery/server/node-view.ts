// One client's view of the snapshot: which node it is, whether it may be that, and what it was last shown.

import { status } from '@grpc/grpc-js';

import type { Node } from '../../proto/messages.ts';
import type { Identity } from '../auth/identity.ts';
import { changesBetween, type TypeChange } from '../generation/changes.ts';
import type { NodeConfig } from '../generation/node-config.ts';
import { CallError } from './call-error.ts';

export interface NodeViewDeps {
  readonly identity: Identity;
  /** What a node is to have as of now. */
  readonly configOf: (nodeId: string) => NodeConfig;
}

export class NodeView {
  readonly #deps: NodeViewDeps;
  #nodeId = '';
  #config: NodeConfig = new Map();

  constructor(deps: NodeViewDeps) {
    this.#deps = deps;
  }

  /** Empty before the first request. */
  get nodeId(): string {
    return this.#nodeId;
  }

  /** What the client is to have, as of the last look. */
  get config(): NodeConfig {
    return this.#config;
  }

  /**
   * Takes the node of the first request; later requests need not repeat it.
   *
   * @throws CallError when there is none, or when it is not the caller's
   */
  identify(node: Node | null | undefined): void {
    if (this.#nodeId !== '') return;
    if (!node?.id) throw new CallError(status.INVALID_ARGUMENT, 'missing node information');
    assertOwn(node.id, this.#deps.identity);
    this.#nodeId = node.id;
    this.#config = this.#deps.configOf(node.id);
  }

  /** Looks again and says what became different since the last look. */
  refresh(): readonly TypeChange[] {
    if (this.#nodeId === '') return [];
    const before = this.#config;
    this.#config = this.#deps.configOf(this.#nodeId);
    return changesBetween(before, this.#config);
  }
}

/** `<type>~<ip>~<name>.<namespace>~<domain>` */
const MESH_NODE_ID = /^[^~]+~[^~]*~[^~]*\.([^~.]+)~[^~]*$/;

/** A workload may only ask in its own namespace. An id without namespace has nothing to compare. */
function assertOwn(nodeId: string, identity: Identity): void {
  const [, namespace] = MESH_NODE_ID.exec(nodeId) ?? [];
  if (namespace === undefined || namespace === identity.namespace) return;
  throw new CallError(
    status.PERMISSION_DENIED,
    `authorization failed: node ${nodeId} is not in namespace ${identity.namespace} of the caller`,
  );
}
