// Follows the resolver file by reading it again and again, as the C library and dnsmasq do: in a pod it is mounted by
// itself, and who watches its folder hears nothing of what is written to it. One that names nobody, or is gone, is no
// reason to stop asking those that were known.

import type { Clock } from '../../runtime/clock.ts';
import { messageOf } from '../../runtime/errors.ts';
import { hostPort } from '../../runtime/host-port.ts';
import type { Log } from '../../runtime/log.ts';
import type { SocketAddress } from '../socket-address.ts';
import { resolversIn, type Resolvers } from './resolvers.ts';

export interface ResolverFileDeps {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
  /** The file's text, or undefined when there is none. */
  readonly readText: (path: string) => Promise<string | undefined>;
}

export interface ResolverFile {
  readonly path: string;
  /** What it said when it was read first. */
  readonly text: string;
  /** Where this server listens. */
  readonly listen: readonly SocketAddress[];
}

/** Between two looks at the file. */
const PAUSE_MS = 2000;

/** Runs until the signal aborts, and rejects with its reason. @param changed told of what the file says now */
export async function followResolverFile(
  { path, text, listen }: ResolverFile,
  { clock, log, readText }: ResolverFileDeps,
  changed: (resolvers: Resolvers) => void,
  signal: AbortSignal,
): Promise<void> {
  for (let known: Content = { text }; ; await clock.sleep(PAUSE_MS, signal)) {
    const now = await contentOf(path, readText);
    signal.throwIfAborted();
    if (now.text === known.text && now.problem === known.problem) continue;
    known = now;
    const found = resolversIn(now.text, listen, log);
    if (found.resolvers.length === 0) {
      log.warn(`${path} ${now.problem ?? 'names no resolver any more'}: those it named before are asked on`);
      continue;
    }
    log.info(`${path} has changed: resolvers ${found.resolvers.map(hostPort).join(', ')}`);
    changed(found);
  }
}

interface Content {
  /** Empty for a file that cannot be read. */
  readonly text: string;
  /** Why it cannot. */
  readonly problem?: string;
}

async function contentOf(path: string, readText: ResolverFileDeps['readText']): Promise<Content> {
  try {
    const text = await readText(path);
    return text === undefined ? { text: '', problem: 'is not there any more' } : { text };
  } catch (error) {
    return { text: '', problem: `cannot be read (${messageOf(error)})` };
  }
}
