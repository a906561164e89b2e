// Connections as the kernel has them, for an Envoy whose admin port cannot be reached any more: established sockets of
// the process on ports that it listens on.

import { readdir, readFile, readlink } from 'node:fs/promises';
import { join } from 'node:path';

import { errnoOf } from '../../runtime/errors.ts';

/** Open connections of a process, without those of some ports. @throws Error when nobody may look at it */
export type CountSockets = (pid: number, ignoredPorts: readonly number[]) => Promise<number>;

interface Socket {
  readonly port: number;
  readonly state: string;
  readonly inode: string;
}

/** States of `/proc/net/tcp`. */
const [ESTABLISHED, LISTEN] = ['01', '0A'];

/**
 * What a transparent proxy accepts in another's name has that one's port, and is not counted.
 *
 * @param processes normally `/proc`
 */
export function kernelConnections(processes = '/proc'): CountSockets {
  return async (pid, ignoredPorts) => {
    const directory = join(processes, String(pid));
    const own = await socketInodes(join(directory, 'fd'));
    const tables = ['tcp', 'tcp6'].map((name) => readTable(join(directory, 'net', name)));
    const sockets = (await Promise.all(tables)).flat().filter(({ inode }) => own.has(inode));
    const listening = sockets.filter(({ state }) => state === LISTEN).map(({ port }) => port);
    const ports = new Set(listening.filter((port) => !ignoredPorts.includes(port)));
    return sockets.filter(({ state, port }) => state === ESTABLISHED && ports.has(port)).length;
  };
}

/** The network's tables hold the sockets of every process in it; these are one process's own. */
async function socketInodes(directory: string): Promise<ReadonlySet<string>> {
  const links = (await readdir(directory)).map(
    (fd) => readlink(join(directory, fd)).catch(() => ''), // closed since it was listed
  );
  const inodes = (await Promise.all(links)).map((link) => /^socket:\[(\d+)\]$/.exec(link)?.[1]);
  return new Set(inodes.filter((inode) => inode !== undefined));
}

async function readTable(path: string): Promise<readonly Socket[]> {
  try {
    const [, ...lines] = (await readFile(path, 'utf8')).split('\n');
    return lines.flatMap(socketOf);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return []; // a machine without IPv6 has no tcp6
    throw error;
  }
}

/** `  0: 0100007F:3A98 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 21234 …` */
function socketOf(line: string): readonly Socket[] {
  const [, local = '', , state = '', , , , , , inode = ''] = line.trim().split(/\s+/);
  const port = Number.parseInt(local.split(':')[1] ?? '', 16);
  return Number.isNaN(port) ? [] : [{ port, state, inode }];
}
