// What the user of the command asked for, before anything on this host was looked at.

import type { GivenSettings } from './capture-config.ts';

/** What to print instead of setting rules. */
export type ReportRequest =
  | {
      readonly kind: 'explain';
      /** `key=value` pairs with commas between them. */
      readonly packet: string;
      /** By the kernel's rules instead of the planned ones. */
      readonly live: boolean;
      readonly form: ReportForm;
    }
  | { readonly kind: 'diff'; readonly form: ReportForm }
  | { readonly kind: 'plan'; readonly form: PlanForm };

export type ReportForm = 'text' | 'json';
export type PlanForm = ReportForm | 'restore' | 'commands' | 'nft';

export interface CaptureRequest extends GivenSettings {
  /** Whose uid `proxyUID` is when that is empty. */
  readonly envoyUser: string;
  /** Look for an IPv6 address beside the first IPv4 one. */
  readonly dualStack: boolean;
  /** Report whether this place has what a run needs, and set nothing. */
  readonly preflight: 'no' | 'text' | 'json';
  /** Absent: a run. */
  readonly report?: ReportRequest;
  /** Rules say in a comment what they are for. */
  readonly comments: boolean;
  /** Show what would be done; run nothing. */
  readonly dryRun: boolean;
  /** Where a dry run writes its record; empty: standard output. */
  readonly dryRunFile: string;
  /** No rules and no routes. */
  readonly skipRuleApply: boolean;
  /** Prove at the end that traffic is captured. */
  readonly runValidation: boolean;
  /** Where the proof connects to. */
  readonly probePort: number;
  /** Longest wait for the proof. */
  readonly probeTimeoutMs: number;
  /** Replace own rules that differ from the wanted ones; `auto` without holding traffic, own chains alone. */
  readonly reconcile: boolean | 'auto';
  /** Apply even when the wanted rules are there. */
  readonly forceApply: boolean;
  /** `all` looks at both families, whatever addresses this host has. */
  readonly cleanup: 'no' | 'only' | 'all';
  readonly nativeNftables: boolean;
  /** `legacy`, `nft` or empty. */
  readonly forceBinary: string;
  /** Tools run with the host's file system inside a pod's network. */
  readonly cniMode: boolean;
  /** Path of that network; serves as the lock file of legacy tools. */
  readonly networkNamespace: string;
}
