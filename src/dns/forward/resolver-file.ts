// Follows the resolver file: kubelet, systemd and VPN clients write it anew or put another in its place. One that names
// nobody, or is gone, is no reason to stop asking those that were known.

import { realpath } from 'node:fs/promises';

import type { Clock } from '../../runtime/clock.ts';
import { messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { abortable } from '../../runtime/tasks.ts';
import type { Watcher } from '../../runtime/watch.ts';
import { addressText, type SocketAddress } from '../socket-address.ts';
import { resolversIn, type Resolvers } from './resolvers.ts';

export interface ResolverFileDeps {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
  /** The file's text, or undefined when there is none. */
  readonly readText: (path: string) => Promise<string | undefined>;
  /** Calls back at every change of these files. */
  readonly watch: (paths: readonly string[], onChange: () => void) => Promise<Watcher>;
}

export interface ResolverFile {
  readonly path: string;
  /** What it said when it was read first. */
  readonly text: string;
  /** Where this server listens. */
  readonly listen: readonly SocketAddress[];
}

/** A file that is written in place is whole by then. */
const QUIET_MS = 100;

/** Runs until the signal aborts, and rejects with its reason. @param changed told of what the file says now */
export async function followResolverFile(
  { path, text, listen }: ResolverFile,
  deps: ResolverFileDeps,
  changed: (resolvers: Resolvers) => void,
  signal: AbortSignal,
): Promise<void> {
  let known: string | undefined = text;
  let dirty = Promise.withResolvers<void>();
  let watched: { readonly target: string; readonly watcher: Watcher } | undefined;
  try {
    for (;;) {
      const target = await realpath(path).catch(() => path); // missing: what is watched is the place it had
      if (target !== watched?.target) {
        await watched?.watcher.close();
        watched = { target, watcher: await deps.watch([path, target], () => dirty.resolve()) };
      }
      const now = await textOf(path, deps);
      const resolvers = now === known ? undefined : usable(path, now, listen, deps.log);
      known = now;
      if (resolvers !== undefined) changed(resolvers);
      await abortable(dirty.promise, signal);
      await deps.clock.sleep(QUIET_MS, signal);
      dirty = Promise.withResolvers();
    }
  } finally {
    await watched?.watcher.close();
  }
}

async function textOf(path: string, { readText, log }: ResolverFileDeps): Promise<string | undefined> {
  try {
    return await readText(path);
  } catch (error) {
    log.warn(`cannot read ${path}: ${messageOf(error)}`);
    return undefined;
  }
}

/** Says what became of the change. */
function usable(
  path: string,
  text: string | undefined,
  listen: readonly SocketAddress[],
  log: Log,
): Resolvers | undefined {
  const found = resolversIn(text ?? '', listen, log);
  if (found.resolvers.length === 0) {
    const what = text === undefined ? 'is not there any more' : 'names no resolver any more';
    log.warn(`${path} ${what}: those it named before are asked on`);
    return undefined;
  }
  log.info(`${path} has changed: resolvers ${found.resolvers.map(addressText).join(', ')}`);
  return found;
}
