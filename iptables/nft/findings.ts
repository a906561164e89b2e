// What can be said about own nftables rules when traffic turns out not to be captured.

import type { CaptureConfig } from '../settings/capture-config.ts';
import { CaptureError } from '../errors.ts';
import type { Family } from '../rules/rule.ts';
import { Nft, type NftDeps } from './nft.ts';
import { type NftView, nftViews } from './row.ts';
import { planNftRules } from './plan.ts';
import { parseRuleset } from './ruleset.ts';

/** @returns which chains exist, and which rule is absent that brings the proxy's own call to its inbound listener */
export async function nftFindings(
  run: NftDeps['run'],
  config: CaptureConfig | undefined,
  family: Family,
): Promise<readonly string[]> {
  try {
    const { ownText } = parseRuleset(await new Nft({ run, place: 'in the sidecar container image' }).list());
    const view = config && nftViews(config).find((candidate) => candidate.family === family);
    const absent = ownText === '' || view === undefined ? [] : absentRules(ownText, view);
    return [`chains of nft: ${ownChains(ownText).join(', ') || 'none'}`, ...absent];
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    return [`nft cannot be asked: ${error.message}`];
  }
}

function ownChains(ownText: string): readonly string[] {
  return ownText
    .split(/^table inet /m)
    .flatMap((table) =>
      [...table.matchAll(/^\tchain (\S+) \{$/gm)].map(([, chain]) => `${table.split(' ')[0]}/${chain}`),
    );
}

/** Listed rules are in nft's own words, so a rule is known by its family, owner and target. */
function absentRules(ownText: string, { config, ip }: NftView): readonly string[] {
  const listed = ownText.split('\n');
  return planNftRules(config)
    .filter(
      ({ expression }) =>
        expression.endsWith(' jump istio-in-redirect') && expression.includes(` ${ip} daddr `),
    )
    .filter(({ expression }) => {
      const owner = /sk[ug]id \S+/.exec(expression)?.[0] ?? '';
      const isThere = (line: string): boolean =>
        line.includes(`${ip} daddr`) &&
        line.includes(`${owner} `) &&
        /jump istio-in-redirect(?: comment .*)?$/.test(line);
      return !listed.some(isThere);
    })
    .map(({ table, chain, expression }) => `nft lacks the rule ${table}/${chain}: ${expression}`);
}
