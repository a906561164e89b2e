// Addresses and policy routes that some rules need: the IPv6 source of the proxy's inbound connections, and for
// TPROXY the local route of marked packets. Adds only what is missing, and takes the same things away again.
// Upstream counterpart: tools/istio-iptables/pkg/capture/run_linux.go ConfigureRoutes.

import type { Log } from '../src/runtime/log.ts';
import { CaptureError } from './errors.ts';
import type { CaptureConfig } from './settings/capture-config.ts';
import { isDenied, oneLine } from './tools/failure.ts';
import type { RunTool } from './tools/run-tool.ts';

export interface RoutesDeps {
  readonly run: RunTool;
  readonly log: Log;
}

const PASSTHROUGH: readonly string[] = ['addr', 'add', '::6/128', 'dev', 'lo'];

/**
 * Adds what is missing.
 *
 * @throws CaptureError `failed to configure routes: …`; what this call had added is then undone, newest first
 */
export async function addRoutes(deps: RoutesDeps, config: CaptureConfig): Promise<void> {
  await using added = new AsyncDisposableStack();
  const add = async (option: string, words: readonly string[]): Promise<void> => {
    if (await addOnce(deps, [option, ...words])) {
      added.defer(() => remove(deps, [option, ...words.with(1, 'del')]));
    }
  };
  if (config.enableIPv6) {
    await add('-6', PASSTHROUGH);
    deps.log.info('Added ::6 address on the loopback iface');
  }
  for (const { option, rule, route, wanted } of marked(config)) {
    if (!(await ruleExists(deps, option, wanted))) await add(option, rule);
    await add(option, route);
  }
  added.move(); // all is done: nothing is undone
}

/** Takes away what a run with this config added, every copy of a rule too. What is missing is no error. */
export async function removeRoutes(deps: RoutesDeps, config: CaptureConfig): Promise<void> {
  for (const { option, rule, route, wanted } of marked(config)) {
    for (let copies = await ruleCopies(deps, option, wanted); copies > 0; copies--) {
      await remove(deps, [option, ...rule.with(1, 'del')]);
    }
    await remove(deps, [option, ...route.with(1, 'del')]);
  }
  if (config.enableIPv6) await remove(deps, ['-6', ...PASSTHROUGH.with(1, 'del')]);
}

/**
 * Takes away policy routes of marks that an earlier run used, except those that a run with this config sets.
 *
 * @param marks found in the rules of that run
 */
export async function removeOldRoutes(
  deps: RoutesDeps,
  marks: readonly number[],
  config: CaptureConfig,
): Promise<void> {
  if (marks.length === 0) return;
  for (const option of ['-4', '-6']) {
    const kept = marked(config).find((route) => route.option === option)?.wanted;
    for (const { mark, table } of await policyRules(deps, option)) {
      const isKept = mark === kept?.mark && table === kept.table;
      if (!marks.includes(mark) || isKept) continue;
      await remove(deps, [option, 'rule', 'del', 'fwmark', String(mark), 'lookup', table]);
      await remove(deps, [option, 'route', 'del', ...localRoute(table)]);
    }
  }
}

function localRoute(table: string): readonly string[] {
  return ['local', 'default', 'dev', 'lo', 'table', table, 'scope', 'host'];
}

interface MarkedRoute {
  /** `-4` or `-6`. */
  readonly option: string;
  readonly rule: readonly string[];
  readonly route: readonly string[];
  readonly wanted: { readonly mark: number; readonly table: string };
}

function marked({ tproxy, inboundPorts, enableIPv6 }: CaptureConfig): readonly MarkedRoute[] {
  if (tproxy === undefined || inboundPorts === undefined) return [];
  const { mark, table } = tproxy;
  return (enableIPv6 ? ['-4', '-6'] : ['-4']).map((option) => ({
    option,
    rule: ['rule', 'add', 'fwmark', mark, 'lookup', table],
    route: ['route', 'add', ...localRoute(table)],
    wanted: { mark: Number(mark), table },
  }));
}

/** Recent kernels take the same rule again and stack it, so it is looked for first. */
async function ruleExists(deps: RoutesDeps, option: string, wanted: MarkedRoute['wanted']): Promise<boolean> {
  return (await ruleCopies(deps, option, wanted)) > 0;
}

async function ruleCopies(deps: RoutesDeps, option: string, wanted: MarkedRoute['wanted']): Promise<number> {
  const rules = await policyRules(deps, option);
  return rules.filter(({ mark, table }) => mark === wanted.mark && table === wanted.table).length;
}

/** The policy rules that look at a mark. */
async function policyRules({ run }: RoutesDeps, option: string): Promise<readonly MarkedRoute['wanted'][]> {
  const { code, stdout } = await run({ file: 'ip', args: [option, '-j', 'rule', 'show'] });
  if (code !== 0 || stdout.trim() === '') return []; // adding then says what is wrong
  const rules = JSON.parse(stdout) as readonly { readonly fwmark?: string; readonly table?: string }[];
  return rules.flatMap(({ fwmark, table }) =>
    fwmark === undefined || table === undefined ? [] : [{ mark: Number(fwmark), table }],
  );
}

const EXISTS = /File exists|address already assigned/;

/** @returns false when it was there already */
async function addOnce({ run }: RoutesDeps, args: readonly string[]): Promise<boolean> {
  const { code, stderr } = await run({ file: 'ip', args });
  if (code === 0) return true;
  if (EXISTS.test(stderr)) return false;
  throw new CaptureError(`failed to configure routes: ip ${args.join(' ')}: ${oneLine(stderr)}`, {
    id: isDenied(stderr) ? 'IPT-NO-NET-ADMIN' : 'IPT-ROUTES',
  });
}

async function remove({ run, log }: RoutesDeps, args: readonly string[]): Promise<void> {
  const { code, stderr } = await run({ file: 'ip', args });
  if (code !== 0) log.debug(`nothing to remove by ip ${args.join(' ')}: ${oneLine(stderr)}`);
}
