// Asking a new Envoy about a bootstrap before it may touch the running one. `--mode validate` reads it,
// `--mode init_only` also binds its ports and builds its clusters, without listening and without connecting.

import { errnoOf, messageOf } from '../../runtime/errors.ts';
import { preflightArguments } from '../process/arguments.ts';
import { envoyCommand, type EnvoyProgram } from '../process/command.ts';
import { describeExit, type EnvoyOutput } from '../process/epoch.ts';
import { envoyWords } from '../process/output.ts';
import { shortRun, type ShortRun, type ShortRunDeps } from '../process/short-run.ts';
import { closed, OPEN, type Verdict } from './verdict.ts';
import type { WrittenBootstrap } from '../process/written-bootstrap.ts';

export interface PreflightDeps extends ShortRunDeps {
  /** Gets the last lines of a run that refuses. */
  readonly output: EnvoyOutput;
}

export interface Preflight {
  readonly program: EnvoyProgram;
  readonly bootstrap: WrittenBootstrap;
  /** `address:port` of the running Envoy's listeners: that those are taken is no fault. */
  readonly ownAddresses: readonly string[];
  /** For each of the two runs. */
  readonly timeoutMs: number;
}

type Mode = 'validate' | 'init_only';

/** Envoy goes on without clusters it could not build and then ends with code 0, taking its parent along. */
const SKIPPED_CLUSTERS = 'Skipping initialization of secondary cluster';
const SHOWN_LINES = 20;

/** Whether Envoy would come up with this bootstrap. */
export async function preflight(
  deps: PreflightDeps,
  { program, bootstrap, ownAddresses, timeoutMs }: Preflight,
  signal: AbortSignal,
): Promise<Verdict> {
  for (const mode of ['validate', 'init_only'] as const) {
    const command = envoyCommand(program, preflightArguments(bootstrap.arguments, bootstrap, mode));
    let run: ShortRun;
    try {
      run = await shortRun(deps, command, timeoutMs, signal);
    } catch (error) {
      return closed(`cannot run ${command.file}: ${errnoOf(error) ?? messageOf(error)}`);
    }
    if (signal.aborted) return closed('the agent is ending');
    const verdict = judge(run, mode);
    if (verdict.ok || (mode === 'init_only' && onlyOwnPortsTaken(run, ownAddresses))) continue;
    for (const line of run.stderr.slice(-SHOWN_LINES)) deps.output(line);
    return verdict;
  }
  return OPEN;
}

function judge({ exit, stderr, timedOut }: ShortRun, mode: Mode): Verdict {
  if (timedOut) return closed(`--mode ${mode} did not end in time`);
  const skipped = stderr.find((line) => line.includes(SKIPPED_CLUSTERS));
  if (skipped !== undefined) {
    return closed(skipped.slice(skipped.indexOf(SKIPPED_CLUSTERS)).slice(0, 500), 'configuration');
  }
  if (exit.code === 0) return OPEN;
  const why = `${envoyWords(stderr)} (--mode ${mode}: ${describeExit(exit)})`;
  return closed(why, exit.code === null ? 'other' : 'configuration');
}

/** A listener without `enable_reuse_port` cannot be bound twice, which says nothing against the bootstrap. */
function onlyOwnPortsTaken({ exit, stderr, timedOut }: ShortRun, ownAddresses: readonly string[]): boolean {
  if (exit.code === 0 || timedOut) return false;
  const refused = stderr.flatMap((line) =>
    [...line.matchAll(/cannot bind '([^']+)': Address already in use/g)].map(([, address]) => address ?? ''),
  );
  return refused.length > 0 && refused.every((address) => ownAddresses.includes(address));
}
