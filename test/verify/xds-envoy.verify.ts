// The real Envoy behind the real agent, in what takes long: a large mesh, large responses, and a root certificate that
// is exchanged while the control plane comes and goes.

import { deepEqual, equal, ok } from 'node:assert/strict';
import { join } from 'node:path';

import { MeasuredAgent } from '../../bench/xds/measured-agent.ts';
import { freePorts } from '../../examples/demo/free-ports.ts';
import { ControlPlane } from '../e2e/support/control-plane.ts';
import { Pod } from '../e2e/support/pod.ts';
import { holdingsOf, RestartingPod } from '../e2e/support/restarting-pod.ts';
import { manyClusters } from '../e2e/support/xds-envoy/many-clusters.ts';
import { MountedRoot } from '../e2e/support/xds-envoy/mounted-root.ts';
import { askedLoopDelay, PROBED, probeEnvironment } from '../e2e/support/xds-envoy/probed-agent.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const AGENT = join(import.meta.dirname, '../../src/cli/agent.ts');
const CLUSTERS = 5000;
const PUSHES = 2;
const MIB = 1024 * 1024;

/** The event loop may be busy at a stretch for so long, milliseconds of the processor. */
const LOOP_LIMIT_MS = 20;

describe('Envoy behind the agent, long', () => {
  for (const [kind, delta] of [
    ['delta', 'true'],
    ['state of the world', 'false'],
  ] as const) {
    it(`accepts ${CLUSTERS} clusters with endpoints, again and again, and the agent's loop stays free, ${kind}`, async () => {
      await using folder = await temporaryDirectory();
      const [port = 0] = await freePorts(1);
      await using control = await ControlPlane.start(join(folder.path, 'control'), {
        config: manyClusters(CLUSTERS, 1, port),
      });
      const probe = join(folder.path, 'probe');
      const env = { ISTIO_DELTA_XDS: delta, ...probeEnvironment(probe) };
      const program = [...PROBED, AGENT];
      await using pod = await Pod.start(join(folder.path, 'pod'), { control, env, program });
      await pod.ready(120_000);
      const before = await holdingsOf(pod.pid);
      await askedLoopDelay(probe);

      const delays = [];
      for (let push = 1; push <= PUSHES; push += 1) {
        const updated = await statOf(pod, 'cluster_manager.cluster_modified');
        await control.write('clusters.yaml', manyClusters(CLUSTERS, 1 + push, port)['clusters.yaml'] ?? {});
        await pod.until(
          async () => (await statOf(pod, 'cluster_manager.cluster_modified')) >= updated + CLUSTERS,
          120_000,
        );
        delays.push(await askedLoopDelay(probe));
      }

      console.log(`${kind}: the agent's loop per push:`, delays);
      console.log('the agent before and after:', before, await holdingsOf(pod.pid));
      equal(await statOf(pod, 'cluster_manager.cds.update_rejected'), 0);
      ok((await statOf(pod, 'cluster_manager.active_clusters')) >= CLUSTERS);
      ok(medianOf(delays.map(({ busyMs }) => busyMs)) < LOOP_LIMIT_MS);
    });
  }

  it('never holds the loop up for long with a response of 20 MiB', async () => {
    await using folder = await temporaryDirectory();
    await using agent = await MeasuredAgent.start(folder.path, [AGENT]);
    await agent.proxied([{ sizeBytes: 1, count: 1, pace: 'acknowledged' }]);
    const delays = [];

    for (let push = 0; push < 9; push += 1) {
      await agent.loopDelay();
      await agent.proxied([{ sizeBytes: 20 * MIB, count: 1, pace: 'acknowledged' }]);
      delays.push(await agent.loopDelay());
    }

    console.log("the agent's loop per response:", delays);
    ok(medianOf(delays.map(({ busyMs }) => busyMs)) < LOOP_LIMIT_MS);
  });

  it('follows a root certificate exchanged through ..data, wrong and right again, without a restart', async () => {
    await using folder = await temporaryDirectory();
    await using stranger = await ControlPlane.start(join(folder.path, 'stranger'), { config: {} });
    await using pod = await RestartingPod.start(join(folder.path, 'mesh'));
    const root = new MountedRoot(pod.pod.root);
    await root.mount(join(folder.path, 'mesh/control/state/root-cert.pem'));
    const answer = async (): Promise<string> =>
      (await fetch(pod.url, { headers: { connection: 'close' } })).text();

    await root.mount(stranger.rootCertificatePath);
    await pod.push('on the stream that was open');
    await pod.pod.until(async () => (await answer()) === 'on the stream that was open');
    await pod.stopControlPlane();
    await pod.startControlPlane();
    await pod.push('after the exchange');
    await pod.pod.until(async () => /xdsproxy\t.*certificate/.test(await pod.pod.log()), 60_000);
    const refused = { answer: await answer(), accepted: pod.listenerAnswers().accepted };
    await root.mount(join(folder.path, 'mesh/control/state/root-cert.pem'));
    await pod.pod.until(async () => (await answer()) === 'after the exchange', 60_000);

    deepEqual(refused, { answer: 'on the stream that was open', accepted: 0 });
  });
});

async function statOf(pod: Pod, name: string): Promise<number> {
  const text = await (await fetch(pod.admin(`/stats?filter=^${name}$`))).text();
  return Number(text.replace(`${name}: `, ''));
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
}
