// Prometheus' own tool as the judge of metrics in the text format: `promtool check metrics`, of which only matters
// whether it can read the page. It also has opinions on names, which are not asked for.

import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';

const KEPT = join(import.meta.dirname, '../../.cache/promtool');
/** What it exits with when a page parses: without remarks, or with some on style. */
const PARSED = new Set([0, 3]);

/**
 * The path of promtool: in `.cache/promtool`, or on the PATH.
 *
 * @throws Error of one line that says what is missing
 */
export async function findPromtool(path = process.env.PATH ?? ''): Promise<string> {
  for (const folder of [KEPT, ...path.split(delimiter)]) {
    const file = join(folder, 'promtool');
    if (await isExecutable(file)) return file;
  }
  throw new Error(`promtool is neither in ${KEPT} nor on the PATH: it is in Debian's package prometheus`);
}

/**
 * Why the page does not parse; undefined: it does.
 *
 * @throws Error when there is no promtool
 */
export async function parseProblem(page: Uint8Array | string): Promise<string | undefined> {
  const promtool = await findPromtool();
  const child = spawn(promtool, ['check', 'metrics'], { stdio: ['pipe', 'ignore', 'pipe'] });
  const exited = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  child.stdin.on('error', () => undefined); // it stops reading where it finds a fault
  child.stdin.end(page);
  const [complaint, code] = await Promise.all([text(child.stderr), exited]);
  return code !== null && PARSED.has(code) ? undefined : `exit code ${code}: ${complaint.trim()}`;
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
