// A run that shows what would be done and starts nothing: tools are imagined to succeed on an empty kernel, and every
// call is recorded.

import { writeFile } from 'node:fs/promises';

import { messageOf } from '../src/runtime/errors.ts';
import { CaptureError } from './errors.ts';
import { backendOf, type CaptureJob, configOf } from './job.ts';
import type { Family } from './rules/rule.ts';
import type { PatienceDeps } from './tools/retry.ts';
import type { RunTool } from './tools/run-tool.ts';
import { PLAIN_NAMES, type Variant } from './tools/variant.ts';

export interface DryRunDeps extends Omit<PatienceDeps, 'run'> {
  /** Receives the record, a line per call, when no file was named. */
  readonly print: (line: string) => void;
}

/** @throws CaptureError when the record cannot be written */
export async function dryRun(deps: DryRunDeps, job: CaptureJob, signal: AbortSignal): Promise<void> {
  const { request } = job;
  deps.log.info(`running ${backendOf(request)} in dry-run mode, no rule changes will be made`);
  const record = await recordOf(deps, job, signal);
  deps.log.info('skipping configuring routes due to dry run mode');
  if (request.dryRunFile === '') {
    record.forEach((line) => deps.print(line));
    return;
  }
  try {
    await writeFile(request.dryRunFile, record.map((line) => `${line}\n`).join(''));
  } catch (error) {
    throw new CaptureError(`the record: ${messageOf(error)}`, { id: 'IPT-RECORD', cause: error });
  }
}

async function recordOf(deps: DryRunDeps, job: CaptureJob, signal: AbortSignal): Promise<readonly string[]> {
  const config = configOf(job);
  if (job.request.nativeNftables) {
    const { plannedTransaction } = await import('./nft/backend.ts');
    return plannedTransaction(config, job.request).trimEnd().split('\n');
  }
  const { changeRules } = await import('./change-rules.ts');
  const record: string[] = [];
  const run = recordingTools(record);
  const variants = { v4: imaginedVariant('v4'), v6: imaginedVariant('v6') };
  await changeRules({ ...deps, run }, config, job.request, variants, signal);
  return record;
}

/** So old that it is given no argument that only some know. */
export function imaginedVariant(family: Family): Variant {
  return { family, name: PLAIN_NAMES[family], version: [0, 0, 0], legacy: true };
}

/**
 * Runs nothing: every call succeeds with empty output and is kept, a call with input as the lines of its input.
 *
 * @param record receives one item per line
 */
export function recordingTools(record: string[]): RunTool {
  return async ({ file, args, input }) => {
    if (input === undefined) record.push([file, ...args].join(' '));
    else record.push(...input.replace(/\n$/, '').split('\n'));
    return { code: 0, stdout: '', stderr: '' };
  };
}
