// Watching mounted files and directories with chokidar. Kubernetes swaps a whole volume by one symlink
// (`..data`), so it is the parent directory that is watched, and every event below it counts.

import { dirname } from 'node:path';

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
  watcher.on('error', (error) => log.warn(`cannot watch ${roots.join(', ')}: ${messageOf(error)}`));
  await new Promise<void>((resolve) => {
    watcher.once('ready', () => resolve());
  });
  const close = async (): Promise<void> => {
    clearTimeout(timer);
    await watcher.close();
  };
  return { close, [Symbol.asyncDispose]: close };
}
