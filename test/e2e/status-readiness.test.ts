// Readiness over the life of the real Envoy under the whole agent: what the kubelet is told, and why.

import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePorts } from '../../examples/demo/free-ports.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { ControlPlane } from './support/control-plane.ts';
import { FrozenThread } from './support/frozen-thread.ts';
import { answeringListener, staticCluster } from './support/mesh-resources.ts';
import { Pod } from './support/pod.ts';
import { Relay } from './support/relay.ts';

const PROBE_EVERY_MS = 10;
const SHORT_END = { terminationDrainDuration: '0.5s', drainDuration: '1s', parentShutdownDuration: '2s' };

describe('readiness with the real Envoy', function () {
  this.timeout(60_000);

  it('comes with the configuration, outlives the admin, a handoff but not the last Envoy, and goes with SIGTERM', async () => {
    await using folder = await temporaryDirectory();
    const [port = 0] = await freePorts(1);
    const resources = [answeringListener('hello', port), staticCluster('web', port)];
    await using control = await ControlPlane.start(join(folder.path, 'control'), {
      config: { 'all.yaml': { resources } },
    });
    await using relay = await Relay.start(control.port);
    relay.hold();
    const proxyConfig = { discoveryAddress: `127.0.0.1:${relay.port}`, ...SHORT_END };
    await using pod = await Pod.start(join(folder.path, 'pod'), { control, proxyConfig });

    await pod.until(async () => (await reasons(pod)).includes('config not received'));
    match(await reasons(pod), NOTHING_RECEIVED);
    deepEqual(await answerOf(probeUrl(pod)), { status: 503, body: '' });

    relay.release();
    await pod.ready();
    await remembered(pod);

    await withoutAdmin(pod, async () => {
      deepEqual(await answerOf(probeUrl(pod)), { status: 200, body: '' });
      deepEqual(await answerOf(`http://127.0.0.1:${pod.ports.health}/healthz/ready`), {
        status: 200,
        body: '',
      });
    });

    const statuses = await statusesDuring(pod, () => handedOver(pod));
    deepEqual([...statuses], [200]);

    const afterCrash = await statusesDuring(pod, () => crashed(pod));
    deepEqual(afterCrash, new Set([200, 503]));
    await pod.ready();

    await toldToEnd(pod);
  });

  it('names what Envoy refused, and that it drains, until it was ready once', async () => {
    await using folder = await temporaryDirectory();
    const [port = 0] = await freePorts(1);
    const config = { 'all.yaml': { resources: [withoutFilters(answeringListener('hello', port))] } };
    await using control = await ControlPlane.start(join(folder.path, 'control'), { config });
    await using pod = await Pod.start(join(folder.path, 'pod'), {
      control,
      proxyConfig: SHORT_END,
      annotations: { 'sidecar.istio.io/statsFlushInterval': '50ms' }, // the state is a statistic
    });
    await pod.until(async () => (await reasons(pod)).includes('rejected: '));

    match(await reasons(pod), REJECTED);
    deepEqual(await answerOf(probeUrl(pod)), { status: 503, body: '' });

    await control.write('all.yaml', { resources: [answeringListener('hello', port)] });
    await pod.until(async () => (await stat(pod, 'listener_manager.lds.update_success')) === 1);
    await fetch(pod.admin('/healthcheck/fail'), { method: 'POST' });
    await pod.until(async () => (await stat(pod, 'server.state')) === DRAINING);
    match(await reasons(pod), /^failed envoy-serving: server is not live, current state is: DRAINING$/m);

    await fetch(pod.admin('/healthcheck/ok'), { method: 'POST' });
    await pod.until(async () => (await answerOf(probeUrl(pod))).status === 200);
    await remembered(pod);
    await fetch(pod.admin('/healthcheck/fail'), { method: 'POST' });
    await pod.until(async () => (await stat(pod, 'server.state')) === DRAINING);

    equal((await answerOf(probeUrl(pod))).status, 200);
  });
});

/** As `server.state` has it. */
const DRAINING = 1;
const NOTHING_RECEIVED =
  /^failed envoy-config: config not received from XDS server \(is Istiod running\?\): cds updates: 0 successful, 0 rejected; lds updates: 0 successful, 0 rejected(;|$)/m;
const REJECTED =
  /^failed envoy-config: config received from XDS server, but was rejected: cds updates: \d+ successful, 0 rejected; lds updates: 0 successful, [1-9]\d* rejected; /m;

/** As JSON has it. */
interface Shown {
  readonly active: { readonly pid: number; readonly generation: number } | null;
  readonly draining: readonly unknown[];
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function probeUrl(pod: Pod): string {
  return pod.status('/healthz/ready');
}

/** Over a connection of its own, unless an agent is given. */
async function answerOf(url: string, agent: Agent | false = false): Promise<Answer> {
  const [answer] = (await once(get(url, { agent }), 'response')) as [IncomingMessage];
  return { status: answer.statusCode ?? 0, body: await text(answer) };
}

async function reasons(pod: Pod): Promise<string> {
  return (await answerOf(pod.status('/healthz/ready?verbose'))).body;
}

async function stat(pod: Pod, name: string): Promise<number> {
  const { body } = await answerOf(pod.admin(`/stats?filter=^${name}$`));
  return Number(body.trim().replace(`${name}: `, ''));
}

async function snapshot(pod: Pod): Promise<Shown> {
  return (await (await fetch(pod.status('/debug/envoyz'))).json()) as Shown;
}

/** What is seen of an Envoy is remembered when the supervisor has seen it, too. */
async function remembered(pod: Pod): Promise<void> {
  await pod.until(async () => (await snapshot(pod)).active !== null);
  deepEqual(await answerOf(probeUrl(pod)), { status: 200, body: '' });
}

/** Envoy's main thread stands still: its admin takes connections and answers nothing. */
async function withoutAdmin(pod: Pod, act: () => Promise<void>): Promise<void> {
  const { active } = await snapshot(pod);
  await using _frozen = await FrozenThread.mainOf(active?.pid ?? 0);
  await act();
}

/** What probes were answered, each status once, until `act` is over and the pod is ready. */
async function statusesDuring(pod: Pod, act: () => Promise<void>): Promise<ReadonlySet<number>> {
  const over = new AbortController();
  const statuses = new Set<number>();
  const probing = async (): Promise<void> => {
    while (!over.signal.aborted) {
      statuses.add((await answerOf(probeUrl(pod))).status);
      await sleep(PROBE_EVERY_MS);
    }
  };
  const probes = probing();
  await act();
  over.abort();
  await probes;
  return statuses;
}

async function handedOver(pod: Pod): Promise<void> {
  pod.signal('SIGHUP');
  await pod.until(async () => {
    const { active, draining } = await snapshot(pod);
    return active?.generation === 1 && draining.length === 0;
  });
}

async function crashed(pod: Pod): Promise<void> {
  process.kill((await snapshot(pod)).active?.pid ?? 0, 'SIGKILL');
  await pod.until(async () => (await snapshot(pod)).active?.generation === 2);
  await pod.until(async () => (await answerOf(probeUrl(pod))).status === 200);
}

/** An open connection is told that the pod is not ready any more; nobody is given another. */
async function toldToEnd(pod: Pod): Promise<void> {
  const kept = new Agent({ keepAlive: true, maxSockets: 1 });
  deepEqual(await answerOf(probeUrl(pod), kept), { status: 200, body: '' });

  pod.signal('SIGTERM');

  await pod.until(async () => (await answerOf(probeUrl(pod), kept)).status === 503);
  deepEqual(await answerOf(probeUrl(pod), kept), { status: 503, body: '' });
  await answerOf(probeUrl(pod)).then(
    () => ok(false, 'a new connection is taken'),
    () => undefined, // refused, as it should be
  );
  kept.destroy();
  deepEqual(await pod.exited, { code: 0, signal: null });
  match(await pod.log(), /Envoy proxy is NOT ready: server is terminated: received signal: terminated/);
}

/** A listener that Envoy refuses. */
function withoutFilters(listener: object): object {
  return { ...listener, filter_chains: [{ filters: [{ name: 'nobody.knows' }] }] };
}
