// Processes that have ended and that nobody has taken notice of, as /proc shows them.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Pids of the ended children of one process.
 *
 * @param root where the processes are listed
 */
export async function zombiesOf(parentPid: number, root = '/proc'): Promise<readonly number[]> {
  const names = (await readdir(root)).filter((name) => /^\d+$/.test(name));
  const isZombie = await Promise.all(
    names.map(async (name) => {
      const stat = await readFile(join(root, name, 'stat'), 'utf8').catch(() => ''); // gone meanwhile
      return endedParent(stat) === parentPid;
    }),
  );
  return names.filter((_, index) => isZombie[index]).map(Number);
}

/** Whose child it was, of a process that has ended; a name in parentheses comes before, with anything in it. */
function endedParent(stat: string): number | undefined {
  const [state, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return state === 'Z' ? Number(parent) : undefined;
}
