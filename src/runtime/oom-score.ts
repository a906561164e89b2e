// Whom the kernel ends when memory runs out. By itself it takes the largest process, and that may be this one; a
// process that is only on trial can be put forward instead.

import { readFile, writeFile } from 'node:fs/promises';

/** The highest there is. */
const FIRST = '1000';

const ownScore = (): Promise<string> => readFile('/proc/self/oom_score_adj', 'utf8');

/** Makes a child the first one to end. Never rejects. */
export async function endFirst(pid: number): Promise<void> {
  await setScore(pid, () => Promise.resolve(FIRST));
}

/** Gives a child the score of this process again. Never rejects. */
export async function endLikeThis(pid: number): Promise<void> {
  await setScore(pid, ownScore);
}

async function setScore(pid: number, score: () => Promise<string>): Promise<void> {
  try {
    await writeFile(`/proc/${pid}/oom_score_adj`, await score());
  } catch {
    // the process has ended, or may not be touched: then the kernel chooses as it always does
  }
}
