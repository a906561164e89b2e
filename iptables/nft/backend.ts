// Capture by native nftables: one transaction replaces everything own, so there is no state to compare and nothing
// to guard. Rules that an earlier run set through iptables are only pointed out.
// Upstream counterpart: tools/istio-nftables/pkg/capture/run.go Run.

import { messageOf } from '../../src/runtime/errors.ts';
import type { Log } from '../../src/runtime/log.ts';
import { CaptureError } from '../errors.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';
import { holdsOwnChains } from '../state/state.ts';
import { outputOf, type RunTool } from '../tools/run-tool.ts';
import { Nft } from './nft.ts';
import { planNftRules } from './plan.ts';
import { parseRuleset, type Ruleset } from './ruleset.ts';
import { applyText, cleanupText, restoreText } from './transaction.ts';

export interface NftBackendDeps {
  readonly run: RunTool;
  readonly log: Log;
}

export interface NftOptions {
  readonly cleanup: 'no' | 'only' | 'all';
  readonly cniMode: boolean;
}

/** What a run would load into a kernel that holds nothing of ours. */
export function plannedTransaction(config: CaptureConfig, { cleanup }: NftOptions): string {
  return cleanup === 'no' ? applyText(planNftRules(config), new Set()) : cleanupText();
}

/**
 * Sets or removes the rules.
 *
 * @returns makes own tables as they were before this call
 * @throws CaptureError when nft cannot be used or refuses; nothing is changed then
 */
export async function changeNftRules(
  { run, log }: NftBackendDeps,
  config: CaptureConfig,
  options: NftOptions,
): Promise<AsyncDisposableStack> {
  const nft = new Nft(run, options);
  await nft.prove();
  await using changed = new AsyncDisposableStack();
  if (options.cleanup !== 'no') {
    await nft.load(cleanupText());
    log.info('nftables rules removed');
    return changed.move();
  }
  const before = await presentRules(nft, log);
  await warnOfIptablesRules({ run, log }, before);
  const text = applyText(planNftRules(config), before.own);
  await nft.load(text);
  changed.defer(() => takeBack(nft, before, log));
  log.info(`nftables rules programmed:\n${text.trimEnd()}`);
  return changed.move();
}

async function presentRules(nft: Nft, log: Log): Promise<Ruleset> {
  try {
    return parseRuleset(await nft.list());
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    // A rule of others that this nft cannot show must not stand in the way of ours.
    log.warn(`rules of an earlier run are taken for none: ${error.message}`);
    return parseRuleset('');
  }
}

async function takeBack(nft: Nft, { ownText }: Ruleset, log: Log): Promise<void> {
  try {
    await nft.load(restoreText(ownText));
  } catch (error) {
    // The reason for going back is what the caller must hear; this only says that going back failed too.
    log.error(`nftables rules of this run may be left: ${messageOf(error)}`);
  }
}

async function warnOfIptablesRules({ run, log }: NftBackendDeps, { iptablesChains }: Ruleset): Promise<void> {
  const legacy = ['iptables-legacy', 'ip6tables-legacy'];
  const saved = await Promise.all(legacy.map((program) => outputOf(run, `${program}-save`, [])));
  const holders = [
    ...(iptablesChains ? ['iptables-nft'] : []),
    ...legacy.filter((_program, index) => holdsOwnChains(saved[index] ?? '')),
  ];
  if (holders.length === 0) return;
  log.warn(
    `rules of an earlier run without --native-nftables are still in ${holders.join(', ')}, and capture traffic too: ` +
      'run istio-clean-iptables, then this command again',
  );
}
