// The rules of own tables one by one, as `nft list ruleset` prints them. Pure.

import { parseRuleset } from './ruleset.ts';

export interface ListedChain {
  /** Without the own prefix: raw, mangle or nat. */
  readonly table: string;
  readonly chain: string;
  /** Rules without their indentation. */
  readonly lines: readonly string[];
}

/** Chains of own tables, with or without rules. */
export function listedChains(listing: string): readonly ListedChain[] {
  const tables = parseRuleset(listing).ownText.matchAll(/^table inet istio-proxy-(\S+) \{$(.*?)^\}$/gms);
  return [...tables].flatMap(([, table = '', body = '']) =>
    [...body.matchAll(/^\tchain (\S+) \{$(.*?)^\t\}$/gms)].map(([, chain = '', rules = '']) => ({
      table,
      chain,
      lines: ruleLines(rules),
    })),
  );
}

/** A base chain begins with the line of its hook. */
function ruleLines(body: string): readonly string[] {
  return body
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !/^type \w+ hook /.test(line));
}
