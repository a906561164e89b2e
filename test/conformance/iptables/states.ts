// What a run finds in the kernel, from recorded save output: is something there, is it what is wanted.

import assert from 'node:assert/strict';

import { imaginedVariant } from '../../../iptables/dry-run.ts';
import { planRules } from '../../../iptables/rules/plan.ts';
import { FAMILIES, type Family } from '../../../iptables/rules/rule.ts';
import { type CaptureSettings, resolveCapture } from '../../../iptables/settings/capture-config.ts';
import {
  combineVerdicts,
  readState,
  type Verdict,
  type VerifiedFamily,
  verifyFamily,
} from '../../../iptables/state/verify.ts';
import { FamilyTools } from '../../../iptables/tools/family-tools.ts';
import type { RunTool } from '../../../iptables/tools/run-tool.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { plainLog } from '../../../src/runtime/plain-log.ts';
import type { ConformanceCase } from '../case.ts';

interface ByFamily<T> {
  readonly ipv4: T;
  readonly ipv6: T;
}

interface StateCase {
  readonly name: string;
  readonly variant: string;
  readonly config: CaptureSettings;
  readonly save: ByFamily<string>;
  readonly failingChecks: ByFamily<readonly string[]>;
  readonly expected: Verdict;
}

const KEYS: Readonly<Record<Family, keyof ByFamily<unknown>>> = { v4: 'ipv4', v6: 'ipv6' };

export function* stateCases(data: unknown): Iterable<ConformanceCase> {
  for (const item of data as readonly StateCase[]) {
    yield {
      name: `state: ${item.name}, ${item.variant}`,
      run: async () => assert.deepEqual(await verdictOf(item), item.expected),
    };
  }
}

async function verdictOf(item: StateCase): Promise<Verdict> {
  const log = plainLog(() => undefined);
  const plan = planRules(resolveCapture(item.config));
  const signal = AbortSignal.any([]);
  const families: VerifiedFamily[] = [];
  for (const family of FAMILIES) {
    const run = recordedTools(item, KEYS[family]);
    const tools = new FamilyTools({ run, log, clock: systemClock(), variant: imaginedVariant(family) });
    const before = await readState(tools, log, signal);
    families.push(await verifyFamily({ family, tools, rules: plan[family], before }, log, signal));
  }
  return combineVerdicts(families, log);
}

function recordedTools({ save, failingChecks }: StateCase, family: keyof ByFamily<unknown>): RunTool {
  return async ({ file, args }) => {
    if (file.endsWith('-save')) return { code: 0, stdout: save[family], stderr: '' };
    const fails = failingChecks[family].includes(args.join(' '));
    return { code: fails ? 1 : 0, stdout: '', stderr: '' };
  };
}
