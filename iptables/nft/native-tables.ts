// Tables of native nftables as a run that uses iptables meets them. It loads none of the native rules: most runs find
// nothing here.

import type { Log } from '../../src/runtime/log.ts';
import type { CaptureRequest } from '../settings/capture-request.ts';
import { outputOf, type RunTool } from '../tools/run-tool.ts';
import { parseRuleset } from './ruleset.ts';

export interface NativeTablesDeps {
  readonly run: RunTool;
  readonly log: Log;
}

/**
 * What a run that uses iptables does about tables of an earlier run that did not: it removes them when everything is
 * cleaned up, and otherwise says that they are there.
 *
 * @throws CaptureError when they cannot be removed
 */
export async function settleNativeTables(
  { run, log }: NativeTablesDeps,
  request: Pick<CaptureRequest, 'cleanup' | 'cniMode'>,
): Promise<void> {
  if (request.cleanup === 'only') return;
  const left = [...parseRuleset(await outputOf(run, 'nft', ['-s', 'list', 'ruleset'])).own];
  if (left.length === 0) return;
  const tables = left.join(', ');
  if (request.cleanup === 'no') {
    log.warn(
      `nftables still holds rules of an earlier run with --native-nftables, which capture traffic too (${tables}): ` +
        'run istio-clean-iptables, then this command again',
    );
    return;
  }
  const [{ Nft }, { cleanupText }] = await Promise.all([import('./nft.ts'), import('./transaction.ts')]);
  await new Nft(run, request).load(cleanupText());
  log.info(`nftables rules removed: ${tables}`);
}
