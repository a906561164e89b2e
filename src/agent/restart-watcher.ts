// Turns changed files into requests for a hot restart. The first event opens a window of fixed length; at its end the
// files are looked at, and only if one of them is another a restart is asked for, after a random delay: a ConfigMap
// changes on every node in the same second, and not all Envoys of a mesh may be replaced at once.

import { realpath, stat } from 'node:fs/promises';
import { dirname, sep } from 'node:path';

import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { abortable } from '../runtime/tasks.ts';
import type { Watcher } from '../runtime/watch.ts';
import { changedFiles, fingerprints, type Fingerprints, type EnvoyFile } from './envoy-files.ts';

export interface RestartWatcherDeps {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** Calls back at every change of these files. */
  readonly watch: (paths: readonly string[], onChange: () => void) => Promise<Watcher>;
  /** The files that the newest configuration names. */
  readonly files: () => readonly EnvoyFile[];
  /** Resolves when the restart is over, whatever became of it. */
  readonly restart: (reason: string, options: { readonly ifChanged: true }) => Promise<unknown>;
}

export interface RestartWatcherSettings {
  /** `ENVOY_RESTART_DEBOUNCE`. */
  readonly debounceMs: number;
  /** `ENVOY_RESTART_JITTER`. */
  readonly jitterMs: number;
  /** `RESTART_ON_LABEL_CHANGE`. */
  readonly restartOnLabelChange: boolean;
}

export class RestartWatcher {
  readonly #deps: RestartWatcherDeps;
  readonly #settings: RestartWatcherSettings;
  readonly #atStart: Fingerprints;
  #known: Fingerprints;
  #labelsChanged = false;
  #labelsTold = false;

  /** @param atStart of the files that the first Envoy is made of */
  constructor(deps: RestartWatcherDeps, settings: RestartWatcherSettings, atStart: Fingerprints) {
    this.#deps = deps;
    this.#settings = settings;
    this.#atStart = atStart;
    this.#known = atStart;
  }

  /** The pod's labels are others than those Envoy was given, and cause no restart. */
  get labelsChanged(): boolean {
    return this.#labelsChanged;
  }

  /** Runs until the signal aborts, and rejects with its reason. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, watch, files } = this.#deps;
    let dirty = Promise.withResolvers<void>();
    dirty.resolve(); // some time has passed since the files were read
    let watched: { readonly key: string; readonly watcher: Watcher } | undefined;
    try {
      for (;;) {
        await abortable(dirty.promise, signal);
        await clock.sleep(this.#settings.debounceMs, signal);
        dirty = Promise.withResolvers();
        let place = await places(files());
        do {
          if (place.key !== watched?.key) {
            await watched?.watcher.close();
            watched = { key: place.key, watcher: await watch(place.paths, () => dirty.resolve()) };
          }
          await this.#look(signal);
          place = await places(files());
        } while (place.key !== watched?.key); // what was read names other files, or a folder has come meanwhile
      }
    } finally {
      await watched?.watcher.close();
    }
  }

  async #look(signal: AbortSignal): Promise<void> {
    const { clock, random, log, files: filesNow, restart } = this.#deps;
    const files = filesNow();
    const now = await fingerprints(files);
    const changed = changedFiles(files, this.#known, now);
    this.#known = now;
    this.#noteLabels(files, now);
    const asking = changed.filter(({ cause }) => cause !== 'labels' || this.#settings.restartOnLabelChange);
    if (asking.length === 0) return;
    log.info(`changed: ${asking.map(({ path }) => path).join(', ')}`);
    const { jitterMs } = this.#settings;
    if (jitterMs > 0) await clock.sleep(random() * jitterMs, signal);
    const reason = [...new Set(asking.map(({ cause }) => cause))].join(', ');
    await abortable(restart(reason, { ifChanged: true }), signal);
  }

  #noteLabels(files: readonly EnvoyFile[], now: Fingerprints): void {
    if (this.#settings.restartOnLabelChange) return;
    const labels = files.filter(({ cause }) => cause === 'labels');
    this.#labelsChanged = changedFiles(labels, this.#atStart, now).length > 0;
    if (!this.#labelsChanged || this.#labelsTold) return;
    this.#labelsTold = true;
    this.#deps.log.warn(
      "the pod's labels have changed; Envoy keeps those of its start (RESTART_ON_LABEL_CHANGE=true restarts it)",
    );
  }
}

interface Places {
  readonly paths: readonly string[];
  /** Another text when the folders to be watched are others. */
  readonly key: string;
}

/** The files, what their links lead to elsewhere, and which folders they are in now. */
async function places(files: readonly EnvoyFile[]): Promise<Places> {
  const targets = await Promise.all(files.map(({ path }) => linkTarget(path)));
  const paths = [...new Set([...files.map(({ path }) => path), ...targets.flat()])];
  const folders = await Promise.all([...new Set(paths.map((path) => dirname(path)))].map(nearestFolder));
  return { paths, key: JSON.stringify([paths, folders]) };
}

/** Empty unless the path is a link out of its folder: what lies below the folder is seen by watching that. */
async function linkTarget(path: string): Promise<string[]> {
  // missing: there is nothing to watch besides its folder, which is watched anyway
  const folder = await realpath(dirname(path)).catch(() => undefined);
  const target = await realpath(path).catch(() => undefined);
  if (folder === undefined || target === undefined || target.startsWith(folder + sep)) return [];
  return [target];
}

/** The folder, or the nearest one above it that exists, told apart from another that comes into its place. */
async function nearestFolder(folder: string): Promise<string> {
  try {
    return `${folder}:${(await stat(folder)).ino}`;
  } catch (error) {
    const above = dirname(folder);
    if (above === folder) throw error;
    return nearestFolder(above);
  }
}
