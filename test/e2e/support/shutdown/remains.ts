// What an ended agent has left: processes, shared memory, sockets and files. Found by the pod's folder, in which all
// its processes run, and by what it printed.

import { access, readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { join } from 'node:path';

/** Written for others to read; an agent does not take it away. */
const KEPT = new Set(['agent.log', 'etc/istio/proxy/grpc-bootstrap.json']);

/** Paths in a folder that are no folders. */
export async function filesIn(root: string): Promise<Set<string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => !entry.isDirectory());
  return new Set(files.map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1)));
}

/**
 * One line for everything that was not there before, and should not be there now.
 *
 * @param root the pod's folder
 * @param before its files before the agent was started
 */
export async function remainsOf(root: string, before: ReadonlySet<string>): Promise<string[]> {
  const log = await readFile(join(root, 'agent.log'), 'utf8');
  const files = [...(await filesIn(root))].filter((path) => !before.has(path) && !KEPT.has(path));
  return [
    ...(await processesIn(root)).map(({ pid, command }) => `process ${pid}: ${command}`),
    ...(await regionsIn(log)).map((path) => `shared memory ${path}`),
    ...files.map((path) => `file ${path}`),
  ];
}

export interface FoundProcess {
  readonly pid: number;
  readonly command: string;
}

/** Processes whose working directory is the folder; a process that has ended and was not reaped has none. */
export async function processesIn(root: string): Promise<FoundProcess[]> {
  const home = await realpath(root);
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const folder = await readlink(`/proc/${pid}/cwd`).catch(() => undefined); // ended meanwhile
      if (folder !== home) return undefined;
      const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return { pid, command: words.replaceAll('\0', ' ').trim() };
    }),
  );
  return found.filter((each) => each !== undefined);
}

/** Of every Envoy that was started: the agent prints their command lines. */
async function regionsIn(log: string): Promise<string[]> {
  const baseIds = new Set(Array.from(log.matchAll(/--base-id (\d+)/g), ([, id]) => Number(id)));
  const paths = [...baseIds].map((id) => `/dev/shm/envoy_shared_memory_${id * 10}`);
  const there = await Promise.all(
    paths.map((path) =>
      access(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return paths.filter((_path, index) => there[index]);
}
