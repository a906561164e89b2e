// Why a probe did not arrive, as far as this user may look: who it runs as, which chains are there, and which rules
// are not that it would have met.

import { messageOf } from '../../src/runtime/errors.ts';
import { CaptureError } from '../errors.ts';
import type { CaptureJob } from '../job.ts';
import { planRules } from '../rules/plan.ts';
import { type Family, jumpTarget, type Rule, ruleWords } from '../rules/rule.ts';
import { type CaptureConfig, resolveCapture } from '../settings/capture-config.ts';
import type { DetectedSettings } from '../settings/detected-settings.ts';
import { Presence } from '../state/presence.ts';
import { ownChains, parseState, type State } from '../state/state.ts';
import { oneLine } from '../tools/failure.ts';
import type { RunTool } from '../tools/run-tool.ts';
import { PLAIN_NAMES } from '../tools/variant.ts';

export interface ClueDeps {
  readonly run: RunTool;
  /** Of this process. */
  readonly uid: number;
}

/** @returns one line each, most useful first */
export async function validationClues(
  { run, uid }: ClueDeps,
  { request, settings }: CaptureJob,
  family: Family,
): Promise<readonly string[]> {
  const config = knownConfig(settings);
  const user = `this runs as uid ${uid}, and the rules bring back only what uid ${settings.proxyUID} sends`;
  if (!request.nativeNftables) return [user, ...(await iptablesClues(run, config, family))];
  const [{ nftClues }, { Nft }] = await Promise.all([import('../nft/clues.ts'), import('../nft/nft.ts')]);
  return [user, ...(await nftClues(new Nft(run, request), config, family))];
}

/** Undefined when the ranges are not readable: without rules to apply nothing had to be right but the ports. */
function knownConfig(settings: DetectedSettings): CaptureConfig | undefined {
  try {
    return resolveCapture(settings);
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    return undefined;
  }
}

async function iptablesClues(
  run: RunTool,
  config: CaptureConfig | undefined,
  family: Family,
): Promise<readonly string[]> {
  const path = config === undefined ? [] : probePath(config, family);
  const clues: string[] = [];
  for (const variant of ['nft', 'legacy']) {
    const program = `${PLAIN_NAMES[family]}-${variant}`;
    const found = await savedState(run, program);
    if (typeof found === 'string') {
      clues.push(`${program} cannot read its rules: ${found}`);
      continue;
    }
    const chains = [...found.keys()].flatMap((table) =>
      ownChains(found, table).map((chain) => `${table}/${chain}`),
    );
    clues.push(`chains of ${program}: ${chains.join(', ') || 'none'}`);
    if (chains.length > 0) clues.push(...(await absentRules(run, program, found, path)));
  }
  return clues;
}

/** @returns what is there, or why it cannot be read */
async function savedState(run: RunTool, program: string): Promise<State | string> {
  try {
    const { code, stdout, stderr } = await run({ file: `${program}-save`, args: [] });
    if (code !== 0) return oneLine(stderr) || `exit status ${code}`;
    return parseState(stdout);
  } catch (error) {
    return messageOf(error);
  }
}

async function absentRules(
  run: RunTool,
  program: string,
  saved: State,
  rules: readonly Rule[],
): Promise<readonly string[]> {
  const absent: string[] = [];
  const presence = new Presence(saved, async (args) => (await run({ file: program, args })).code === 0);
  for (const rule of rules) {
    if (await presence.has(rule)) continue;
    absent.push(`${program} lacks the rule ${rule.table}: ${ruleWords(rule).join(' ')}`);
  }
  return absent;
}

/** The rules that a probe meets on its way to the proxy. */
function probePath(config: CaptureConfig, family: Family): readonly Rule[] {
  return planRules(config)[family].filter(
    (rule) =>
      rule.table === 'nat' &&
      (rule.chain === 'OUTPUT' ||
        rule.chain === 'ISTIO_IN_REDIRECT' ||
        (rule.chain === 'ISTIO_OUTPUT' && jumpTarget(rule) === 'ISTIO_IN_REDIRECT')),
  );
}
