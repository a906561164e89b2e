// What the agent keeps in memory when it is ready, and after large configurations have passed through it.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { ControlPlane } from '../test/e2e/support/control-plane.ts';
import { answeringListener, staticCluster } from '../test/e2e/support/mesh-resources.ts';
import { Pod } from '../test/e2e/support/pod.ts';
import { freePorts } from '../examples/demo/free-ports.ts';
import { temporaryDirectory } from '../test/support/temporary-directory.ts';
import { AGENT } from './built-agent.ts';
import type { Bench, Row } from './figures.ts';
import { footprint, type Footprint } from './footprint.ts';

const RUNS = 3;
const PUSHES = 50;
const CLUSTERS = 1000;
/** Of filler in each cluster, so that all of them are about 1.4 MB. */
const FILLER_BYTES = 1200;
/** Time for what a start leaves behind to be collected. */
const SETTLE_MS = 2000;

export const memory: Bench = {
  name: 'memory',
  how:
    `the agent's /proc/<pid>/smaps_rollup, ${RUNS} agents: ${SETTLE_MS / 1000} s after ready with one listener, and ` +
    `right after ${PUSHES} pushes that change all of ${CLUSTERS} clusters (1.4 MB), each accepted by Envoy`,
  run: async () => {
    const runs: Measured[] = [];
    for (let run = 0; run < RUNS; run += 1) runs.push(await measure());
    const row = (what: string, value: (run: Measured) => number): Row => {
      return { what, unit: 'MiB', values: runs.map(value) };
    };
    return [
      row('resident, ready', ({ ready }) => ready.resident),
      row('private, ready', ({ ready }) => ready.private),
      row(`resident, after ${PUSHES} pushes`, ({ pushed }) => pushed.resident),
      row(`private, after ${PUSHES} pushes`, ({ pushed }) => pushed.private),
    ];
  },
};

interface Measured {
  readonly ready: Footprint;
  readonly pushed: Footprint;
}

async function measure(): Promise<Measured> {
  await using folder = await temporaryDirectory();
  const [port = 0] = await freePorts(1);
  await using control = await ControlPlane.start(join(folder.path, 'control'), {
    config: { 'listener.yaml': { resources: [answeringListener('hello', port)] } },
  });
  await using pod = await Pod.start(join(folder.path, 'pod'), { control, program: [AGENT] });
  await pod.ready();
  await sleep(SETTLE_MS);
  const ready = await footprint(pod.pid);
  for (let push = 1; push <= PUSHES; push += 1) await pushClusters(control, pod, push);
  const pushed = await footprint(pod.pid);
  await pod.stop();
  return { ready, pushed };
}

/** Resolves when Envoy has accepted the new clusters. */
async function pushClusters(control: ControlPlane, pod: Pod, push: number): Promise<void> {
  const before = await acceptedUpdates(pod);
  const resources = Array.from({ length: CLUSTERS }, (_, index) => ({
    ...staticCluster(`outbound|80||service-${index}.shop.svc.cluster.local`, 80),
    connect_timeout: `${push}s`,
    metadata: { filter_metadata: { bench: { filler: 'x'.repeat(FILLER_BYTES) } } },
  }));
  await control.write('clusters.yaml', { resources });
  await pod.until(async () => (await acceptedUpdates(pod)) > before, 60_000);
}

async function acceptedUpdates(pod: Pod): Promise<number> {
  const name = 'cluster_manager.cds.update_success';
  const text = await (await fetch(pod.admin(`/stats?filter=^${name}$`))).text();
  return Number(text.replace(`${name}: `, ''));
}
