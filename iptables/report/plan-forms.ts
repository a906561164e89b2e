// The forms in which a plan is printed. Pure.

import type { CaptureError } from '../errors.ts';
import { inputTables } from '../rules/restore.ts';
import { shellLine, shellWords } from '../rules/shell-words.ts';
import type { ToolCall } from '../tools/run-tool.ts';

export interface PlanSide {
  /** `IPv4`, `IPv6`, or `nftables`, whose tables hold both. */
  readonly label: string;
  readonly program: string;
  /** Empty where nothing tells it. */
  readonly version: string;
  /** Why this program. */
  readonly reason: string;
  /** Somebody's rules are there. */
  readonly residue: boolean;
  /** They are not the wanted ones. */
  readonly delta: boolean;
  /** Rules as `table: rule`. */
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

export interface Plan {
  readonly sides: readonly PlanSide[];
  /** Calls of iptables that change rules, in order. */
  readonly changes: readonly ToolCall[];
  /** Calls of ip. */
  readonly routes: readonly ToolCall[];
  /** What nft would be given; absent for iptables. */
  readonly transaction?: string;
  /** Why a run would change nothing and fail. */
  readonly failure?: CaptureError;
}

export function planData(plan: Plan): object {
  const { sides, changes, routes, transaction, failure } = plan;
  return {
    outcome: outcomeOf(plan),
    ...(failure !== undefined && { error: failure.line }),
    sides,
    ...(transaction === undefined
      ? { commands: changes.flatMap(commandLines) }
      : { transaction: transaction.trimEnd().split('\n') }),
    routes: routes.map(commandLine),
  };
}

function outcomeOf({ sides, routes, failure }: Plan): keyof typeof OUTCOMES {
  if (failure !== undefined) return 'fails';
  if (sides.some(({ add, remove }) => add.length + remove.length > 0)) return 'changes rules';
  return routes.length > 0 ? 'changes routes' : 'changes nothing';
}

const OUTCOMES = {
  fails: 'A run would change nothing and fail',
  'changes nothing': 'A run would change nothing',
  'changes routes': 'A run would leave the rules as they are',
  'changes rules': 'A run would change these rules',
} as const;

export function planText(plan: Plan): readonly string[] {
  const { sides, routes, failure } = plan;
  const outcome = OUTCOMES[outcomeOf(plan)];
  return [
    ...sides.map(sideLine),
    failure === undefined ? outcome : `${outcome}: ${failure.line}`,
    ...sides.flatMap(changeLines),
    ...(routes.length === 0 ? [] : ['It would change these addresses and routes:']),
    ...routes.map((call) => `  ${commandLine(call)}`),
  ];
}

function changeLines({ program, add, remove }: PlanSide): readonly string[] {
  const removed = remove.map((rule) => `  - ${program} ${rule}`);
  return removed.concat(add.map((rule) => `  + ${program} ${rule}`));
}

function sideLine({ label, program, version, reason, residue, delta }: PlanSide): string {
  const name = version === '' ? program : `${program} ${version}`;
  return `${label}: ${name}, because ${reason}; ${stateWords(residue, delta)}`;
}

function stateWords(residue: boolean, delta: boolean): string {
  if (residue) return delta ? 'rules are there, and not as wanted' : 'its rules are as wanted';
  return delta ? 'it holds no rules yet' : 'it holds no rules, and none are wanted';
}

/** Input of `iptables-restore --noflush`; what is done by other calls stands in comments. */
export function planRestore({ changes }: Plan): readonly string[] {
  return changes.flatMap((call) =>
    call.input === undefined
      ? [`# ${commandLine(call)}`]
      : [`# ${commandLine(call)}`, ...call.input.trimEnd().split('\n')],
  );
}

/** Lines for a shell. */
export function planCommands({ changes, routes }: Plan): readonly string[] {
  return [...changes.flatMap(commandLines), ...routes.map(commandLine)];
}

function commandLine({ file, args }: ToolCall): string {
  return [file, shellLine(args)].join(' ');
}

/** A restore as the single calls that do the same. */
function commandLines(call: ToolCall): readonly string[] {
  if (call.input === undefined) return [commandLine(call)];
  const program = call.file.replace(/-restore$/, '');
  return inputTables(call.input).flatMap(({ table, lines }) =>
    lines.map((line) => `${program} -t ${table} ${shellLine(shellWords(line))}`),
  );
}
