// The node id: who this proxy says it is, towards the control plane and in the bootstrap.
// Upstream: pilot/cmd/pilot-agent/app/cmd.go initProxy, pkg/model/proxy.go ServiceNode.

import type { NodeType } from '../config/proxy-flags.ts';

export interface IdentityInput {
  readonly type: NodeType;
  /** The first instance address; empty when there is none. */
  readonly ip: string;
  /** `POD_NAME`; empty off Kubernetes. */
  readonly podName: string;
  /** `POD_NAMESPACE`; empty off Kubernetes. */
  readonly podNamespace: string;
  /** AgentConfig.domain. */
  readonly dnsDomain: string;
}

/** `sidecar~10.0.0.7~web-6f7c.shop~shop.svc.cluster.local`; empty parts stay empty text. */
export function nodeId(input: IdentityInput): string {
  const { type, ip, podName, podNamespace, dnsDomain } = input;
  return [type, ip, `${podName}.${podNamespace}`, dnsDomain].join('~');
}
