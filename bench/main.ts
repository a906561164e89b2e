// `npm run bench`: measures and prints, asserts nothing. `npm run bench -- start memory` runs only those.

import { cpus, loadavg } from 'node:os';

import { buildAgent } from './built-agent.ts';
import { table, textTable, type Bench } from './figures.ts';
import { dns } from './dns.ts';
import { identity } from './identity.ts';
import { hotRestart } from './hot-restart.ts';
import { iptables } from './iptables.ts';
import { memory } from './memory.ts';
import { podMemory } from './pods/pod-memory.ts';
import { podStart } from './pods/pod-start.ts';
import { render } from './render.ts';
import { shutdown } from './shutdown.ts';
import { start } from './start.ts';
import { status } from './status.ts';
import { xds } from './xds.ts';

const BENCHES: readonly Bench[] = [
  start,
  memory,
  render,
  hotRestart,
  iptables,
  identity,
  shutdown,
  xds,
  status,
  dns,
  podStart,
  podMemory,
];

async function main(names: readonly string[]): Promise<void> {
  const known = BENCHES.map(({ name }) => name);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) throw new Error(`no bench ${unknown.join(', ')}; there are ${known.join(', ')}`);
  console.log(machine());
  await buildAgent();
  for (const { name, how, run } of BENCHES.filter(
    (bench) => names.length === 0 || names.includes(bench.name),
  )) {
    console.log(`\n${name}: ${how}`);
    const result = await run();
    console.log('head' in result ? textTable(result) : table(result));
  }
}

function machine(): string {
  const processors = cpus();
  const load = loadavg()[0]?.toFixed(1);
  return `Node ${process.versions.node}, ${processors.length} × ${processors[0]?.model ?? '?'}, load ${load}`;
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
