// What an nftables rule is: one row of data, like its iptables counterpart, but in a table that holds both families.
// Rows are made by pure functions (plan.ts) and rendered as one transaction (transaction.ts).
// Upstream counterpart: tools/istio-nftables/pkg/builder.

import { type FamilyView, familyView } from '../rules/family-view.ts';
import { type Family, FAMILIES } from '../rules/rule.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';

export type NftTable = 'nat' | 'mangle' | 'raw';

export interface NftRow {
  readonly table: NftTable;
  readonly chain: string;
  /** 0-based place of an inserted rule; absent: the rule is appended. */
  readonly index?: number;
  /** Matches and verdict, as they stand after the chain's name. */
  readonly expression: string;
  /** What the rule is for; the same words as of the iptables rule that does the same. */
  readonly why: string;
  /** What it carries of that into the kernel; absent without --comments. */
  readonly comment?: string;
}

/** Makes the rows of one chain. */
export type RowMaker = (expression: string, why: string) => NftRow;

export function appendTo(table: NftTable, chain: string): RowMaker {
  return (expression, why) => ({ table, chain, expression, why });
}

/** @param index 0 puts the rule first */
export function insertInto(table: NftTable, chain: string, index: number): RowMaker {
  return (expression, why) => ({ table, chain, index, expression, why });
}

/** The match that every TCP rule without a family begins with. */
export const TCP = 'meta l4proto tcp';

/** A family's addresses, and the word that begins a match on them. */
export interface NftView extends FamilyView {
  readonly ip: 'ip' | 'ip6';
}

/** The captured families, IPv4 first. */
export function nftViews(config: CaptureConfig): readonly NftView[] {
  const captured = FAMILIES.filter((family) => family === 'v4' || config.enableIPv6);
  return captured.map((family) => nftView(config, family));
}

const WORDS: Readonly<Record<Family, NftView['ip']>> = { v4: 'ip', v6: 'ip6' };

function nftView(config: CaptureConfig, family: Family): NftView {
  return { ...familyView(config, family), ip: WORDS[family] };
}

/** Owners of the proxy's processes as matches: users, then groups. */
export function proxyOwners({ proxyUids, proxyGids }: CaptureConfig): readonly string[] {
  return [...proxyUids.map((uid) => `skuid ${uid}`), ...proxyGids.map((gid) => `skgid ${gid}`)];
}

/** A port or `from:to` as nftables writes it. */
export function nftPort(port: string): string {
  return port.replace(':', '-');
}
