// `npm run soak -- restarts --minutes 1440`: does one thing over and over for as long as it is told, under load, prints
// a line per round, and ends with exit code 1 when something failed or the agent kept growing.

import { parseArgs } from 'node:util';

import { dns } from './dns.ts';
import { identity } from './identity.ts';
import { restarts } from './restarts.ts';
import type { Soak } from './soak.ts';

const SOAKS: readonly Soak[] = [restarts, identity, dns];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { minutes: { type: 'string', default: '1440' }, every: { type: 'string' } },
});

async function main(names: readonly string[]): Promise<void> {
  const soak = SOAKS.find(({ name }) => names.length === 1 && name === names[0]);
  if (soak === undefined) {
    const known = SOAKS.map(({ name, what, everySeconds }) => `  ${name}: ${what}, every ${everySeconds} s`);
    throw new Error(`usage: npm run soak -- <name> [--minutes N] [--every SECONDS]\n${known.join('\n')}`);
  }
  const forMs = 60_000 * positive('minutes', values.minutes);
  const everyMs = 1000 * positive('every', values.every ?? String(soak.everySeconds));
  const faults = await soak.run({ forMs, everyMs, tell: (line) => console.log(timed(line)) });
  for (const fault of faults) console.error(fault);
  console.log(faults.length === 0 ? 'nothing failed' : `${faults.length} faults`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`--${name} must be a number above 0, not "${text}"`);
  return value;
}

function timed(line: string): string {
  return `${new Date().toISOString()} ${line}`;
}

main(positionals).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
