// Asking a new Envoy about a bootstrap before it may touch the running one. `--mode validate` reads it,
// `--mode init_only` also binds its ports and builds its clusters, without listening and without connecting.

import { errnoOf, messageOf } from '../runtime/errors.ts';
import type { Command } from '../runtime/spawn.ts';
import { preflightArguments } from './arguments.ts';
import { describeExit } from './epoch.ts';
import { envoyCommand } from './command.ts';
import { envoyWords } from './output.ts';
import type { EnvoySettings } from './settings.ts';
import { shortRun, type ShortRun, type ShortRunDeps } from './short-run.ts';
import type { WrittenBootstrap } from './written-bootstrap.ts';

export type Verdict = { readonly ok: true } | { readonly ok: false; readonly why: string };

const OK: Verdict = { ok: true };

/** Envoy goes on without clusters it could not build and then ends with code 0, taking its parent along. */
const SKIPPED_CLUSTERS = 'Skipping initialization of secondary cluster';

/**
 * Whether Envoy would come up with this bootstrap.
 *
 * @param ownAddresses `address:port` of the running Envoy's listeners: that those are taken is no fault
 */
export async function preflight(
  deps: ShortRunDeps,
  settings: EnvoySettings,
  bootstrap: WrittenBootstrap,
  ownAddresses: readonly string[],
  signal: AbortSignal,
): Promise<Verdict> {
  const run = (mode: 'validate' | 'init_only'): Promise<ShortRun | string> =>
    tryRun(
      deps,
      settings,
      envoyCommand(settings, preflightArguments(bootstrap.arguments, bootstrap, mode)),
      signal,
    );
  const validated = await run('validate');
  const verdict = judge(validated, 'validate');
  if (!verdict.ok) return verdict;
  const initialized = await run('init_only');
  if (onlyOwnPortsTaken(initialized, ownAddresses)) return OK;
  return judge(initialized, 'init_only');
}

/**
 * Whether the binary on disk speaks the running Envoy's restart protocol.
 *
 * @param running `hot_restart_version` of the running Envoy
 */
export async function sameRestartVersion(
  deps: ShortRunDeps,
  settings: EnvoySettings,
  running: string,
  signal: AbortSignal,
): Promise<Verdict> {
  const ran = await tryRun(deps, settings, envoyCommand(settings, ['--hot-restart-version']), signal);
  if (typeof ran === 'string') return { ok: false, why: ran };
  const version = ran.stderr.join('').trim(); // on standard error, without a newline
  if (version === running && version !== 'disabled') return OK;
  const why = `hot restart version of ${settings.binaryPath} is "${version}", the running Envoy has "${running}"`;
  return { ok: false, why: `${why}: a cold restart is needed` };
}

async function tryRun(
  deps: ShortRunDeps,
  settings: EnvoySettings,
  command: Command,
  signal: AbortSignal,
): Promise<ShortRun | string> {
  try {
    return await shortRun(deps, command, settings.timing.preflightTimeoutMs, signal);
  } catch (error) {
    return `cannot run ${command.file}: ${errnoOf(error) ?? messageOf(error)}`;
  }
}

function judge(run: ShortRun | string, mode: string): Verdict {
  if (typeof run === 'string') return { ok: false, why: run };
  if (run.timedOut) return { ok: false, why: `--mode ${mode} did not end in time` };
  const skipped = run.stderr.find((line) => line.includes(SKIPPED_CLUSTERS));
  if (skipped !== undefined) return { ok: false, why: skipped.slice(skipped.indexOf(SKIPPED_CLUSTERS), 500) };
  if (run.exit.code === 0) return OK;
  return { ok: false, why: `${envoyWords(run.stderr)} (--mode ${mode}: ${describeExit(run.exit)})` };
}

/** A listener without `enable_reuse_port` cannot be bound twice, which says nothing against the bootstrap. */
function onlyOwnPortsTaken(run: ShortRun | string, ownAddresses: readonly string[]): boolean {
  if (typeof run === 'string' || run.exit.code === 0 || run.timedOut) return false;
  const refused = run.stderr.flatMap((line) =>
    [...line.matchAll(/cannot bind '([^']+)': Address already in use/g)].map(([, address]) => address ?? ''),
  );
  return refused.length > 0 && refused.every((address) => ownAddresses.includes(address));
}
