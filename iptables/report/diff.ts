// `--diff`: the kernel's rules against those of these flags.

import { CaptureError } from '../errors.ts';
import type { CaptureJob } from '../job.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';
import type { ReportRequest } from '../settings/capture-request.ts';
import type { ComparedChain, ComparedRule } from './compare.ts';
import type { ReportDeps } from './report-deps.ts';
import { readSides, type Side } from './sides.ts';

type DiffRequest = Extract<ReportRequest, { readonly kind: 'diff' }>;

/** @throws CaptureError when there is a difference, or when the kernel's rules cannot be read */
export async function diff(
  deps: ReportDeps,
  job: CaptureJob,
  { form }: DiffRequest,
  config: CaptureConfig,
  signal: AbortSignal,
): Promise<void> {
  const { sides } = await readSides(deps, job, config, signal);
  if (form === 'json') deps.print(JSON.stringify(asData(sides), undefined, 2));
  else sides.flatMap(sideLines).forEach((line) => deps.print(line));
  const differing = sides.flatMap(({ program, chains }) =>
    chains.filter(({ differs }) => differs).map(({ table, chain }) => `${program} ${table}/${chain}`),
  );
  if (differing.length === 0) return;
  throw new CaptureError(`the kernel's rules differ from the wanted ones: ${differing.join(', ')}`, {
    id: 'IPT-DRIFT',
  });
}

function asData(sides: readonly Side[]): object {
  return {
    same: !sides.some(({ chains }) => chains.some(({ differs }) => differs)),
    sides: sides.map(({ label, program, chains }) => ({
      label,
      program,
      chains: chains.filter(({ differs }) => differs).map(({ differs: _shown, ...chain }) => chain),
    })),
  };
}

function sideLines({ label, program, chains }: Side): readonly string[] {
  const differing = chains.filter(({ differs }) => differs);
  if (differing.length === 0) return [`${label} (${program}): the same`];
  return [
    `--- ${label}: there, by ${program}`,
    `+++ ${label}: wanted by these flags`,
    ...differing.flatMap((chain) => chainLines(chain)),
  ];
}

const SIGNS: Readonly<Record<ComparedRule['state'], string>> = {
  same: ' ',
  missing: '+',
  unwanted: '-',
  foreign: ' ',
};

function chainLines({ table, chain, rules }: ComparedChain): readonly string[] {
  const lines = rules.map(({ state, rule, moved }) => {
    const remark = moved ? '   # stands at another place' : state === 'foreign' ? '   # of others' : '';
    return `${SIGNS[state]}${rule}${remark}`;
  });
  return [`@@ ${table} ${chain} @@`, ...(lines.length === 0 ? ['-(the empty chain)'] : lines)];
}
