// What can be said about own nftables rules when traffic turns out not to be captured.

import { CaptureError } from '../errors.ts';
import { readNftRule } from '../model/nft-words.ts';
import { meaningOf } from '../model/read-rule.ts';
import type { Family } from '../rules/rule.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';
import { type ListedChain, listedChains } from './listing.ts';
import type { Nft } from './nft.ts';
import { planNftRules } from './plan.ts';
import type { NftRow } from './row.ts';

/**
 * @param config undefined when it is not known which rules were wanted
 * @returns which chains exist, and which rules are absent that a probe meets on its way to the proxy
 */
export async function nftClues(
  nft: Nft,
  config: CaptureConfig | undefined,
  family: Family,
): Promise<readonly string[]> {
  try {
    const chains = listedChains(await nft.list());
    const names = chains.map(({ table, chain }) => `${table}/${chain}`);
    const wanted = config === undefined || chains.length === 0 ? [] : probePath(config, family);
    return [`chains of nft: ${names.join(', ') || 'none'}`, ...absentRules(wanted, chains)];
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    return [`nft cannot be asked: ${error.message}`];
  }
}

function probePath(config: CaptureConfig, family: Family): readonly NftRow[] {
  const foreign = family === 'v4' ? ' ip6 daddr ' : ' ip daddr ';
  return planNftRules(config).filter(
    ({ table, chain, expression }) =>
      table === 'nat' &&
      !expression.includes(foreign) &&
      (chain === 'output' ||
        chain === 'istio-in-redirect' ||
        (chain === 'istio-output' && expression.endsWith(' jump istio-in-redirect'))),
  );
}

/** Listed rules are in nft's own words, so they are compared by what they mean. */
function absentRules(wanted: readonly NftRow[], chains: readonly ListedChain[]): readonly string[] {
  const keyOf = (place: { readonly table: string; readonly chain: string }, text: string): string =>
    `${place.table}/${place.chain} ${meaningOf(readNftRule(place, text))}`;
  const listed = new Set(chains.flatMap((chain) => chain.lines.map((line) => keyOf(chain, line))));
  return wanted
    .filter((row) => !listed.has(keyOf(row, row.expression)))
    .map(({ table, chain, expression }) => `nft lacks the rule ${table}/${chain}: ${expression}`);
}
