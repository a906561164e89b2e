// Watching mounted files and directories with chokidar, which is loaded for the first of them. Kubernetes swaps a
// whole volume by one symlink (`..data`), so it is the parent directory that is watched, and every event below it
// counts. What an event means is for the caller to find out: several of the kernel's may be one, or none.

import { basename, dirname, resolve } from 'node:path';

import type { FSWatcher } from 'chokidar';

import { messageOf } from './errors.ts';
import type { Log } from './log.ts';

export interface Watcher extends AsyncDisposable {
  close(): Promise<void>;
}

/**
 * Calls `onChange` after every burst of changes in the directories of `paths`.
 *
 * @param paths files or directories; they need not exist yet, their parent must
 * @param quietMs events closer together than this are one burst
 */
export async function watchPaths(
  paths: readonly string[],
  quietMs: number,
  log: Log,
  onChange: () => void,
): Promise<Watcher> {
  const { watch } = await import('chokidar');
  const roots = [...new Set(paths.flatMap((path) => [path, dirname(path)]))];
  const watcher = watch(roots, { ignoreInitial: true, depth: 1, followSymlinks: false });
  let timer: NodeJS.Timeout | undefined;
  watcher.on('all', () => {
    clearTimeout(timer);
    timer = setTimeout(onChange, quietMs);
  });
  warnOfErrors(watcher, roots, log);
  await ready(watcher);
  return closing(async () => {
    clearTimeout(timer);
    await watcher.close();
  });
}

export interface DirectoryEvents {
  /** Something has happened in the directory, or to it. */
  readonly changed: () => void;
  /** Events may be missing from now on. */
  readonly failed: (error: unknown) => void;
}

/**
 * Tells of every event in one directory, none below it. A link is watched as the entry that it is.
 *
 * @param path an existing directory
 * @returns once events are noticed, or `failed` was called
 */
export async function watchDirectory(path: string, events: DirectoryEvents): Promise<Watcher> {
  const { watch } = await import('chokidar');
  const settings = { depth: 0, followSymlinks: false, usePolling: false, awaitWriteFinish: false };
  const watcher = watch(path, { ...settings, ignoreInitial: true });
  // Every event of the kernel: chokidar's own are silent about a replacement of the same size and time.
  watcher.on('raw', events.changed);
  await new Promise<void>((resolve) => {
    watcher.on('ready', resolve);
    watcher.on('error', (error) => {
      events.failed(error);
      resolve();
    });
  });
  return closing(() => watcher.close());
}

/**
 * Calls `onChange` at every change of these files and at every swap of the volume they are in. Only their folders are
 * watched, and of what else is in there nothing; a folder that is not there yet is waited for by its next name only.
 */
export async function watchFiles(paths: readonly string[], log: Log, onChange: () => void): Promise<Watcher> {
  const { watch } = await import('chokidar');
  const files = new Set(paths.map((path) => resolve(path)));
  const folders = new Set([...files].map((file) => dirname(file)));
  const watched = (path: string): boolean =>
    files.has(path) || folders.has(path) || !folders.has(dirname(path)) || basename(path) === '..data';
  const watcher = watch([...folders], {
    ignoreInitial: true,
    depth: 0,
    followSymlinks: false,
    ignored: (path) => !watched(resolve(path)),
  });
  watcher.on('all', onChange);
  warnOfErrors(watcher, [...folders], log);
  await ready(watcher);
  return closing(() => watcher.close());
}

function warnOfErrors(watcher: FSWatcher, folders: readonly string[], log: Log): void {
  watcher.on('error', (error) => log.warn(`cannot watch ${folders.join(', ')}: ${messageOf(error)}`));
}

/** It comes even where the kernel refuses a watch. */
function ready(watcher: FSWatcher): Promise<void> {
  return new Promise((resolve) => {
    watcher.once('ready', () => resolve());
  });
}

function closing(close: () => Promise<void>): Watcher {
  return { close, [Symbol.asyncDispose]: close };
}
