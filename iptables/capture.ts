// The flow of the command: complete and check the request, set or remove rules, set routes, validate. Each stage is a
// module of its own; this file only orders them and says what happens when one fails.
// Upstream counterpart: tools/istio-iptables/pkg/cmd/root.go.

import type { Clock } from '../src/runtime/clock.ts';
import type { Log } from '../src/runtime/log.ts';
import { backendOf, type CaptureJob, configOf, prepareJob } from './job.ts';
import { addRoutes, removeRoutes } from './routes.ts';
import type { CaptureConfig } from './settings/capture-config.ts';
import type { CaptureRequest } from './settings/capture-request.ts';
import { type CaptureHost, isIPv6Only } from './settings/detected-settings.ts';
import type { RunTool } from './tools/run-tool.ts';

export interface CaptureDeps {
  /** Runs the tools of this machine; not called in a dry run. */
  readonly run: RunTool;
  readonly host: CaptureHost;
  readonly clock: Clock;
  readonly log: Log;
  /** Receives the record of a dry run and reports, line by line. */
  readonly print: (line: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @throws CaptureError; rules that this run added are then removed again */
export async function runCapture(
  deps: CaptureDeps,
  request: CaptureRequest,
  signal: AbortSignal,
): Promise<void> {
  const job = await prepareJob(deps, request);
  if (request.preflight !== 'no') return (await import('./checks/preflight.ts')).preflight(deps, job, signal);
  if (request.report !== undefined) {
    return (await import('./report/report.ts')).report(deps, job, request.report, signal);
  }
  if (request.skipRuleApply) deps.log.info(`Skipping ${backendOf(request)} apply`);
  else if (request.dryRun) await (await import('./dry-run.ts')).dryRun(deps, job, signal);
  else await setRules(deps, job, signal);
  if (request.runValidation && !request.dryRun) {
    const { validateCapture } = await import('./checks/capture-validation.ts');
    await validateCapture({ ...deps, uid: deps.host.uid() }, job, signal);
  }
}

async function setRules(deps: CaptureDeps, job: CaptureJob, signal: AbortSignal): Promise<void> {
  const config = configOf(job);
  await using added = await changeBy(deps, job, config, signal);
  signal.throwIfAborted();
  if (job.request.cleanup === 'no') await addRoutes(deps, config);
  else await removeRoutes(deps, config);
  added.move(); // all is done: nothing is taken back
}

/** @returns takes back the rules this call added */
async function changeBy(
  deps: CaptureDeps,
  { request, settings }: CaptureJob,
  config: CaptureConfig,
  signal: AbortSignal,
): Promise<AsyncDisposableStack> {
  const run = request.cniMode ? await sandboxed(deps, request.networkNamespace) : deps.run;
  const tools = { ...deps, run };
  if (request.nativeNftables) {
    const { changeNftRules } = await import('./nft/backend.ts');
    return changeNftRules(tools, config, request);
  }
  const { changeByIptables } = await import('./backend.ts');
  return changeByIptables(tools, config, { ...request, ipv6Only: isIPv6Only(settings) }, signal);
}

async function sandboxed(deps: CaptureDeps, lockFile: string): Promise<RunTool> {
  const { sandboxedTools } = await import('./tools/sandbox.ts');
  return sandboxedTools(deps, lockFile);
}
