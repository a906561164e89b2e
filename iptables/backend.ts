// Capture by iptables: find the tools of both families, then change what they hold. Two variants can hold rules, because
// upstream applies them twice. Upstream counterpart: tools/istio-iptables/pkg/capture/run.go Run.

import type { Log } from '../src/runtime/log.ts';
import { changeRules, type ChangeOptions } from './change-rules.ts';
import { settleNativeTables } from './nft/native-tables.ts';
import { FAMILIES } from './rules/rule.ts';
import type { CaptureConfig } from './settings/capture-config.ts';
import type { CaptureRequest } from './settings/capture-request.ts';
import type { PatienceDeps } from './tools/retry.ts';
import {
  type DetectionOptions,
  detectVariants,
  type FoundVariants,
  type Variants,
} from './tools/variants.ts';

/**
 * Sets or removes the rules.
 *
 * @returns takes back the rules this call added
 * @throws CaptureError when no tools can be used, or a change is refused; what this call added is then gone
 */
export async function changeByIptables(
  deps: PatienceDeps,
  config: CaptureConfig,
  options: ChangeOptions & DetectionOptions & Pick<CaptureRequest, 'cniMode'>,
  signal: AbortSignal,
): Promise<AsyncDisposableStack> {
  // Whichever fails, the other is not left halfway.
  const [variants, native] = await Promise.allSettled([
    detectVariants(deps, config, options, signal),
    settleNativeTables(deps, options),
  ]);
  if (variants.status === 'rejected') throw variants.reason;
  if (native.status === 'rejected') throw native.reason;
  return changeBothVariants(deps, config, options, variants.value, signal);
}

/** The same with variants that are known. @returns takes back the rules this call added */
export async function changeBothVariants(
  deps: PatienceDeps,
  config: CaptureConfig,
  options: ChangeOptions,
  { chosen, others }: Pick<FoundVariants, 'chosen' | 'others'>,
  signal: AbortSignal,
): Promise<AsyncDisposableStack> {
  if (options.cleanup === 'no') warnOfOthers(others, deps.log);
  else await changeRules(deps, config, options, others, signal);
  return changeRules(deps, config, options, chosen, signal);
}

/** Only a clean-up touches the rules of more than one variant. */
function warnOfOthers(others: Variants, log: Log): void {
  const names = FAMILIES.flatMap((family) => others[family]?.name ?? []);
  if (names.length === 0) return;
  log.warn(
    `rules of an earlier run are also in ${names.join(', ')}, and capture traffic too: ` +
      'run istio-clean-iptables, then this command again',
  );
}
