// The watch over the files Envoy is made of, for as long as Envoy runs: it begins beside it and ends with it.

import { messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { watchFiles } from '../runtime/watch.ts';
import type { AgentConfig } from '../config/agent-config.ts';
import type { Metric } from '../status/agent-metrics.ts';
import type { PreparedEnvoy } from './preparation.ts';
import { changedInputs, fingerprints } from './restart-inputs.ts';
import { RestartWatcher, type RestartWatcherDeps } from './restart-watcher.ts';

export interface RestartWatchDeps extends Pick<RestartWatcherDeps, 'clock' | 'random' | 'restart'> {
  readonly log: Log;
}

/** Undefined: without hot restart no file is watched, and without Envoy there is none. */
export function restartWatcher(
  { supervision }: AgentConfig,
  envoy: PreparedEnvoy | undefined,
  deps: RestartWatchDeps,
): RestartWatcher | undefined {
  if (envoy === undefined || !supervision.hotRestart) return undefined;
  const { inputs, inputsAtStart } = envoy;
  const watch: RestartWatcherDeps['watch'] = (paths, onChange) => watchFiles(paths, deps.log, onChange);
  return new RestartWatcher({ ...deps, watch, inputs }, supervision, inputsAtStart);
}

/** Watches while `work` runs, at most until the signal aborts. A watch that fails costs no more than itself. */
export async function watching<T>(
  watcher: RestartWatcher | undefined,
  log: Log,
  stop: AbortSignal,
  work: () => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const signal = AbortSignal.any([stop, over.signal]);
  const watch = watcher?.run(signal).catch((error: unknown) => {
    if (!signal.aborted) log.error(`changed files cause no restart any more: ${messageOf(error)}`);
  });
  try {
    return await work();
  } finally {
    over.abort();
    await watch;
  }
}

/** For an agent without hot restart: names the files that Envoy was started without. */
export async function tellOfChanges({ inputs, inputsAtStart }: PreparedEnvoy, log: Log): Promise<void> {
  const now = inputs();
  const changed = changedInputs(now, inputsAtStart, await fingerprints(now)).map(({ path }) => path);
  if (changed.length === 0) return log.info('no file that Envoy is made of has changed');
  log.warn(`changed since the start: ${changed.join(', ')}; for Envoy to take it, restart the agent`);
}

export function labelMetrics(watcher: RestartWatcher | undefined): readonly Metric[] {
  if (watcher === undefined) return [];
  return [
    {
      name: 'envoy_labels_outdated',
      help: "1 while the pod's labels are others than those Envoy was given.",
      type: 'gauge',
      series: [{ value: Number(watcher.labelsChanged) }],
    },
  ];
}
