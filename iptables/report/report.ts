// The reports that take the place of a run: `--explain`, `--diff` and `--plan`. They take the flags and environment of
// the run, change nothing, and end.

import { type CaptureJob, configOf } from '../job.ts';
import type { ReportRequest } from '../settings/capture-request.ts';
import type { ReportDeps } from './report-deps.ts';

/** @throws CaptureError when a report cannot be made, and when `--diff` finds a difference */
export async function report(
  deps: ReportDeps,
  job: CaptureJob,
  request: ReportRequest,
  signal: AbortSignal,
): Promise<void> {
  const config = configOf(job);
  switch (request.kind) {
    case 'explain':
      return (await import('../explain/explain.ts')).explain(deps, job, request, config, signal);
    case 'diff':
      return (await import('./diff.ts')).diff(deps, job, request, config, signal);
    case 'plan':
      return (await import('./plan.ts')).plan(deps, job, request, config, signal);
  }
}
