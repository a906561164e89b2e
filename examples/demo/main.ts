// `npm start`: builds a mesh on this machine, shows that the agent keeps its promises, and removes everything.
//
//   node examples/demo/main.ts [--keep] [--loopback]

import { parseArgs } from 'node:util';

import { messageOf } from '../../src/runtime/errors.ts';
import { aborted } from '../../src/runtime/tasks.ts';
import {
  becomesReady,
  identifiesCaller,
  refusesStrangers,
  restartsHot,
  rotates,
  stopsOrderly,
  survivesKill,
} from './claims.ts';
import { fetchEnvoy } from './fetch-envoy.ts';
import { Load, serverUrl } from './load.ts';
import { startMesh, type Mesh } from './mesh.ts';
import { Report } from './report.ts';

/** Ends a demo that hangs, milliseconds; what is kept afterwards has no limit. */
const LIMIT_MS = 120_000;

async function show(mesh: Mesh, report: Report, signal: AbortSignal, keep: boolean): Promise<void> {
  const ready = await report.check('time to ready', () => becomesReady(mesh, signal));
  if (!ready) return; // nothing else can hold
  await report.check('identity', () => identifiesCaller(mesh));
  if (mesh.topology.layout.captured) await report.check('strangers', () => refusesStrangers(mesh));
  const load = await Load.start(mesh.topology);
  await report.check('rotation', () => rotates(mesh, load, signal));
  await report.check('hot restart', () => restartsHot(mesh, load, signal));
  await load.stop();
  await report.check('killed Envoy', () => survivesKill(mesh, signal));
  if (keep) return;
  await report.check('orderly stop', () => stopsOrderly(mesh));
}

function printHints({ topology, client, server }: Mesh, report: Report): void {
  const { layout } = topology;
  report.line('');
  report.line(`Kept until Ctrl-C, in ${layout.directory}. Try:`);
  report.line(`  ${layout.prefix('client')}curl -s ${serverUrl(layout)}`);
  report.line(`  ${layout.prefix('client')}curl -s ${client.status('/debug/certs')}`);
  report.line(`  ${layout.prefix('server')}curl -s '${server.status('/healthz/ready?verbose')}'`);
  report.line(`  ${layout.prefix('server')}curl -s -X POST ${server.status('/restart')}`);
  if (layout.captured) report.line(`  ${layout.prefix('server')}iptables -t nat -S`);
  report.line(`  tail -f ${layout.directory}/server/agent.log`);
}

/** @param shown called once every claim was checked */
async function demo(report: Report, signal: AbortSignal, shown: () => void): Promise<void> {
  const { values } = parseArgs({ options: { keep: { type: 'boolean' }, loopback: { type: 'boolean' } } });
  const { keep = false, loopback = false } = values;
  const startMs = performance.now();
  const envoy = await fetchEnvoy();
  await using mesh = await startMesh({ envoy, loopback }, signal);
  report.line(`Two workloads and their control plane, ${mesh.place}:`);
  await show(mesh, report, signal, keep);
  shown();
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  report.line(report.failed === 0 ? `All claims held, ${seconds} s.` : `${report.failed} claims failed.`);
  if (!keep) return;
  printHints(mesh, report);
  await aborted(signal);
}

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => stop.abort(new Error(`stopped by ${name}`)));
}
process.stdout.on('error', () => stop.abort(new Error('nobody reads the report'))); // piped into `head`
const limit = setTimeout(() => stop.abort(new Error('the demo took too long')), LIMIT_MS);
const report = new Report((line) => console.log(line), stop.signal);
try {
  await demo(report, stop.signal, () => clearTimeout(limit));
  if (report.failed > 0) process.exitCode = 1;
} catch (error) {
  console.error(messageOf(stop.signal.aborted ? stop.signal.reason : error));
  process.exitCode = 1;
} finally {
  clearTimeout(limit);
}
