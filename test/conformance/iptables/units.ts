// Small functions: versions, lock argument, choice of the program, addresses, validators and lists.

import assert from 'node:assert/strict';

import { checkLoopbackCidr, parseCidrRanges } from '../../../iptables/settings/cidr.ts';
import { splitList } from '../../../iptables/settings/lists.ts';
import { localAddress } from '../../../iptables/settings/local-address.ts';
import {
  checkForcedBinary,
  checkInterfaceNames,
  checkOwnerGroups,
} from '../../../iptables/settings/settings-check.ts';
import { chooseVariant, gatherEvidence } from '../../../iptables/tools/detection.ts';
import type { RunTool } from '../../../iptables/tools/run-tool.ts';
import { parseVersion, type Purpose, waitArguments } from '../../../iptables/tools/variant.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { messageOf } from '../../../src/runtime/errors.ts';
import { plainLog } from '../../../src/runtime/plain-log.ts';
import type { ConformanceCase } from '../case.ts';
import { chainAfter, type NftOperation } from './nft-chain.ts';

/** One line of a list, with the keys of all lists; which it has depends on the list. */
interface Line {
  readonly input: string;
  readonly output: readonly string[];
  readonly value: string;
  readonly ok: boolean;
  /** True or a text for an expected error; null or absent for none. */
  readonly error?: string | true | null;
  readonly version: string | null;
  readonly nft: boolean | null;
  readonly legacy: boolean;
  readonly command: string;
  readonly waitArg: boolean;
  readonly force: string;
  readonly usable: Readonly<Record<string, { readonly existingRules?: boolean }>>;
  readonly pick: string;
  readonly addrs: readonly string[];
  readonly dualStack: boolean;
  readonly enableIPv6: boolean;
  readonly hostIP: string;
  readonly include: string;
  readonly wildcard?: boolean;
  readonly v4: readonly string[];
  readonly v6: readonly string[];
  readonly ops: readonly NftOperation[];
  readonly expect: readonly string[];
}

const CHECKS: Readonly<Record<string, (line: Line) => unknown>> = {
  versionParse: ({ input, version, nft }) => {
    const found = parseVersion(input);
    const shown = found && { version: found.version.join('.'), nft: !found.legacy };
    assert.deepEqual(shown ?? { version: null, nft: null }, { version, nft });
  },
  locking: ({ version, legacy, command, waitArg }) => {
    const purpose = (command.split('-')[1] ?? 'rule') as Purpose;
    const numbers = String(version).split('.').map(Number);
    const args = waitArguments({ version: numbers, legacy }, purpose);
    assert.deepEqual(args, waitArg ? ['--wait=30'] : []);
  },
  detection: async ({ force, usable, pick, error }) => {
    const deps = { run: fakeTools(usable), clock: systemClock(), log: plainLog(() => undefined) };
    const choose = async (): Promise<string> => {
      const evidence = await gatherEvidence(deps, 'v4', force);
      return (await chooseVariant(deps, evidence, 'write', AbortSignal.any([]))).name;
    };
    await agreesAsync(choose, pick, error);
  },
  localIP: ({ addrs, dualStack, enableIPv6, hostIP, error }) =>
    agrees(() => localAddress(addrs, dualStack), { enableIPv6, hostIP }, error),
  loopbackCidr: ({ value, ok }) => agreesThat(() => checkLoopbackCidr(value), ok),
  ownerGroups: ({ include, ok }) => agreesThat(() => checkOwnerGroups(include), ok),
  forceBinary: ({ value, ok, error }) => agreesThat(() => checkForcedBinary(value), ok, error),
  split: ({ input, output }) => assert.deepEqual(splitList(input), output),
  separateV4V6: ({ input, wildcard, v4, v6, error }) => {
    const read = (): unknown => {
      const ranges = parseCidrRanges(input);
      return ranges.all ? { wildcard: true } : { v4: ranges.v4, v6: ranges.v6 };
    };
    agrees(read, wildcard ? { wildcard } : { v4, v6 }, error);
  },
  interfaceNames: ({ value, ok, error }) => agreesThat(() => checkInterfaceNames(value), ok, error),
  nftInsert: ({ ops, expect }) => assert.deepEqual(chainAfter(ops), expect),
};

export function* unitCases(data: unknown): Iterable<ConformanceCase> {
  for (const [list, lines] of Object.entries(data as Readonly<Record<string, readonly Line[]>>)) {
    for (const [index, line] of lines.entries()) {
      yield {
        name: `unit: ${list} ${index}`,
        run: async () => {
          await (CHECKS[list] ?? assert.fail(`not supported yet: ${list}`))(line);
        },
      };
    }
  }
}

/** @param error true for any error, a text the message must hold, or undefined for a result */
function agrees(act: () => unknown, expected: unknown, error: unknown): void {
  const outcome = outcomeOf(act);
  if (error === undefined || error === null) assert.deepEqual(outcome, { result: expected });
  else assertError(outcome, error);
}

async function agreesAsync(act: () => Promise<unknown>, expected: unknown, error: unknown): Promise<void> {
  const outcome = await act().then(
    (result) => ({ result }),
    (thrown: unknown) => ({ error: messageOf(thrown) }),
  );
  if (error === undefined || error === null) assert.deepEqual(outcome, { result: expected });
  else assertError(outcome, error);
}

function agreesThat(act: () => unknown, ok: boolean, error?: unknown): void {
  agrees(act, undefined, ok ? undefined : (error ?? true));
}

function outcomeOf(act: () => unknown): { result: unknown } | { error: string } {
  try {
    return { result: act() };
  } catch (thrown) {
    return { error: messageOf(thrown) };
  }
}

function assertError(outcome: object, error: unknown): void {
  assert.ok('error' in outcome, `no error, but ${JSON.stringify(outcome)}`);
  if (typeof error === 'string') assert.ok(String(outcome.error).includes(error), String(outcome.error));
}

/** Tools that exist and work when they are listed; the save of one with rules shows a rule. */
function fakeTools(usable: Line['usable']): RunTool {
  return async ({ file, args }) => {
    const found = usable[file.replace(/-save$/, '')];
    if (found === undefined) return { code: 127, stdout: '', stderr: 'no such tool' };
    if (args.includes('--version')) return { code: 0, stdout: `${file} v1.8.9 (nf_tables)`, stderr: '' };
    const rules = found.existingRules === true ? '*nat\n-A OUTPUT -j RETURN\nCOMMIT\n' : '';
    return { code: 0, stdout: file.endsWith('-save') ? rules : '', stderr: '' };
  };
}
