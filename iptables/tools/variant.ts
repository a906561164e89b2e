// One installed iptables: its program names, its version, and which calls wait for the lock. Pure.

import type { Family } from '../rules/rule.ts';

export interface Variant {
  readonly family: Family;
  /** The program that changes single rules, for example `ip6tables-nft`. */
  readonly name: string;
  readonly version: readonly number[];
  /** Legacy programs change the kernel under one lock file; nft ones need none. */
  readonly legacy: boolean;
}

export type Purpose = 'rule' | 'save' | 'restore';

export function programOf(variant: Pick<Variant, 'name'>, purpose: Purpose): string {
  return purpose === 'rule' ? variant.name : `${variant.name}-${purpose}`;
}

/** From this version on legacy programs know `--wait=SECONDS`. */
const WAIT_SINCE: readonly number[] = [1, 6, 2];

/** Arguments that make a legacy program that writes wait for the lock, at most 30 seconds. */
export function waitArguments(
  variant: Pick<Variant, 'version' | 'legacy'>,
  purpose: Purpose,
): readonly string[] {
  const waits = variant.legacy && purpose !== 'save' && compare(variant.version, WAIT_SINCE) >= 0;
  return waits ? ['--wait=30'] : [];
}

/** @returns undefined when the text holds no version */
export function parseVersion(text: string): Pick<Variant, 'version' | 'legacy'> | undefined {
  const found = /v(\d+(?:\.\d+)+)/.exec(text)?.[1];
  if (found === undefined) return undefined;
  return { version: found.split('.').map(Number), legacy: !text.includes('nf_tables') };
}

function compare(left: readonly number[], right: readonly number[]): number {
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** Of the programs without the name of a variant. */
export const PLAIN_NAMES: Readonly<Record<Family, string>> = { v4: 'iptables', v6: 'ip6tables' };
