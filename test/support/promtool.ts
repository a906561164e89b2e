// The judge of metrics pages that scrapers trust: `promtool check metrics` of Prometheus, which CI unpacks.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

const PROMTOOL = fileURLToPath(new URL('../../.cache/promtool/promtool', import.meta.url));

/** Whether this machine has it. */
export function hasPromtool(): boolean {
  return existsSync(PROMTOOL);
}

/** Why the text does not parse; undefined: it does. What is only bad style is passed over. */
export async function parseProblem(page: string): Promise<string | undefined> {
  const judge = spawn(PROMTOOL, ['check', 'metrics'], { stdio: ['pipe', 'ignore', 'pipe'] });
  judge.stdin.on('error', () => undefined); // it has judged before it has read everything
  judge.stdin.end(page);
  const [said, code] = await Promise.all([
    text(judge.stderr),
    new Promise<number | null>((resolve, reject) => {
      judge.once('error', reject).once('close', resolve);
    }),
  ]);
  return code === 0 || code === 3 ? undefined : said.trim() || `promtool ended with ${code}`;
}
