// What the kubelet and its process inside the node's network namespace say to each other.

import type { HttpGetAction } from '../pod-spec.ts';

/** Something to try from the node: by a probe or by a hook. */
export type NetworkTrial = {
  readonly userAgent: string;
  readonly timeoutMs: number;
  /** Where the pod is. */
  readonly address: string;
  readonly port: number;
} & (
  | ({ readonly anyStatus: boolean } & Pick<HttpGetAction, 'do' | 'scheme' | 'path'>)
  | { readonly do: 'tcpSocket' }
);

export interface TrialResult {
  readonly isSuccess: boolean;
  /** Why not, or the status of the answer. */
  readonly detail: string;
}

export type ToNode =
  | { readonly id: number; readonly trial: NetworkTrial }
  | { readonly id: number; readonly addresses: readonly string[] | undefined };

export type FromNode =
  | { readonly ready: true }
  | { readonly id: number; readonly result: TrialResult }
  | { readonly id: number; readonly name: string };
