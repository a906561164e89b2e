// What a pre-flight asks of native nftables: whether nft can be used, and whether the kernel would take the rules.

import type { Finding } from '../checks/finding.ts';
import { CaptureError } from '../errors.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';
import type { RunTool } from '../tools/run-tool.ts';
import { type NftOptions, plannedTransaction } from './backend.ts';
import { Nft } from './nft.ts';

/** Nothing is changed: nft only checks the transaction. */
export async function nftFindings(
  run: RunTool,
  config: CaptureConfig,
  options: NftOptions,
): Promise<readonly Finding[]> {
  const nft = new Nft(run, options);
  return [
    await finding('variant', 'native nftables', () => nft.prove()),
    await finding('modules', 'rules of these flags are taken', () =>
      nft.check(plannedTransaction(config, options)),
    ),
  ];
}

async function finding(name: string, found: string, act: () => Promise<void>): Promise<Finding> {
  try {
    await act();
    return { name, state: 'ok', found };
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    return { name, state: 'fail', found: error.message, id: error.id };
  }
}
