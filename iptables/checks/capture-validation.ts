// `--run-validation`: the probe, and when none arrives what stood in its way, as far as this user may look.
// Upstream counterpart: tools/istio-iptables/pkg/cmd/root.go, pkg/validation.

import type { Clock } from '../../src/runtime/clock.ts';
import { messageOf } from '../../src/runtime/errors.ts';
import type { Log } from '../../src/runtime/log.ts';
import { probeCapture } from './capture-probe.ts';
import { familyOf } from '../settings/cidr.ts';
import { type CaptureConfig, resolveCapture } from '../settings/capture-config.ts';
import { CaptureError, ValidationError } from '../errors.ts';
import { oneLine } from '../tools/failure.ts';
import type { CaptureJob } from '../job.ts';
import { nftFindings } from '../nft/findings.ts';
import { Presence } from '../state/presence.ts';
import { type Family, jumpTarget, type Rule, ruleWords } from '../rules/rule.ts';
import { planRules } from '../rules/plan.ts';
import type { DetectedSettings } from '../settings/detected-settings.ts';
import { ownChains, parseState, type State } from '../state/state.ts';
import type { RunTool } from '../tools/run-tool.ts';
import { PLAIN_NAMES } from '../tools/variant.ts';

export interface ValidationDeps {
  readonly run: RunTool;
  readonly clock: Clock;
  readonly log: Log;
  /** Of this process. */
  readonly uid: number;
}

/** @throws ValidationError when no probe arrives in time; what can be known of the reason is logged before */
export async function validateCapture(
  deps: ValidationDeps,
  { request, settings }: CaptureJob,
  signal: AbortSignal,
): Promise<void> {
  const family = familyOf(settings.hostIP) ?? 'v4';
  const [outbound, inbound] = [Number(settings.proxyPort), Number(settings.inboundCapturePort)];
  const target = {
    family,
    probePort: request.probePort,
    capturePorts: [outbound, inbound],
    timeoutMs: request.probeTimeoutMs,
  };
  try {
    const port = await probeCapture(target, deps, signal);
    deps.log.info(`Validation passed, iptables rules established: the probe arrived at ${port}`);
    if (port !== inbound) {
      deps.log.warn(`the probe arrived at ${port}, where outbound traffic belongs, and not at ${inbound}`);
    }
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    const findings = await lookAround(deps, { request, settings }, family);
    deps.log.error([HINT, ...findings].join('\n'));
    throw new ValidationError(`${error.message}: ${findings.join('; ')}`, { cause: error });
  }
}

const HINT = `iptables validation failed; workload is not ready for Istio.
With a CNI plugin: the pod may have started before the plugin of its node was ready to set the rules.
Under 'cni.repair.deletePods=true' it is deleted and made again by itself; otherwise delete it by hand.`;

/** What can be said about a failed probe, most useful first. */
async function lookAround(
  deps: ValidationDeps,
  { request, settings }: CaptureJob,
  family: Family,
): Promise<readonly string[]> {
  const findings = request.nativeNftables
    ? await nftFindings(deps.run, knownConfig(settings), family)
    : await ruleFindings(deps, settings, family);
  return [userFinding(deps.uid, settings.proxyUID), ...findings];
}

function userFinding(uid: number, proxyUID: string): string {
  return `this runs as uid ${uid}, and the rules bring back only what uid ${proxyUID} sends`;
}

async function ruleFindings(
  { run }: ValidationDeps,
  settings: DetectedSettings,
  family: Family,
): Promise<readonly string[]> {
  const findings: string[] = [];
  for (const variant of ['nft', 'legacy']) {
    const program = `${PLAIN_NAMES[family]}-${variant}`;
    const found = await savedState(run, program);
    if (typeof found === 'string') {
      findings.push(`${program} cannot read its rules: ${found}`);
      continue;
    }
    const chains = [...found.keys()].flatMap((table) =>
      ownChains(found, table).map((chain) => `${table}/${chain}`),
    );
    findings.push(`chains of ${program}: ${chains.join(', ') || 'none'}`);
    if (chains.length === 0) continue;
    findings.push(...(await absentRules(run, program, found, probePath(settings, family))));
  }
  return findings;
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
    if (!(await presence.has(rule)))
      absent.push(`${program} lacks the rule ${rule.table}: ${ruleWords(rule).join(' ')}`);
  }
  return absent;
}

/** The rules that a probe meets on its way to the proxy, by the settings of this run. */
function probePath(settings: DetectedSettings, family: Family): readonly Rule[] {
  return planOf(settings, family).filter(
    (rule) =>
      rule.table === 'nat' &&
      (rule.chain === 'OUTPUT' ||
        rule.chain === 'ISTIO_IN_REDIRECT' ||
        (rule.chain === 'ISTIO_OUTPUT' && jumpTarget(rule) === 'ISTIO_IN_REDIRECT')),
  );
}

function planOf(settings: DetectedSettings, family: Family): readonly Rule[] {
  const config = knownConfig(settings);
  return config === undefined ? [] : planRules(config)[family];
}

/** Undefined when the ranges are not readable: without rules to apply nothing had to be right but the ports. */
function knownConfig(settings: DetectedSettings): CaptureConfig | undefined {
  try {
    return resolveCapture(settings);
  } catch {
    return undefined;
  }
}
