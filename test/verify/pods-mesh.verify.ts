// The mesh around the pods of the tests: what changes in it reaches pods that run, and they go on without its control
// plane.

import { deepEqual, equal } from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { ask, callerOf, seenBy } from '../e2e/pods/cases/asking.ts';
import { NodeWindow } from '../e2e/pods/cases/node-window.ts';
import { type PodSpec, readPods, type RunningPod } from '../e2e/pods/kubelet/kubelet.ts';
import { Mesh } from '../e2e/pods/mesh/mesh.ts';
import { Podman } from '../e2e/pods/podman/podman.ts';
import { whatIsMissing } from '../e2e/pods/podman/requirements.ts';

const FILE = join(import.meta.dirname, '../e2e/pods/cases/pods/native-sidecar.yaml');
const READY_MS = 120_000;
const PUSH_MS = 30_000;

/** A port of the application that carries what is neither HTTP nor gRPC. */
const TCP_PORT = 7000;

const obstacle = whatIsMissing();
if (obstacle === undefined) describe('the mesh of the pods', meshTests);
else console.log(`    pods are not run: ${obstacle}`);

function meshTests(this: Mocha.Suite): void {
  this.timeout(900_000);
  const opened = new AsyncDisposableStack();
  let mesh: Mesh;
  let node: NodeWindow;
  let caller: RunningPod;
  let called: RunningPod;

  before(async () => {
    mesh = opened.use(await Mesh.start(await Podman.open()));
    node = opened.use(await NodeWindow.open(mesh.kubelet.nodeNamespace));
    caller = await mesh.run(await pod('caller'));
    called = await mesh.run(await pod('called'));
    await Promise.all([caller.untilReady(READY_MS), called.untilReady(READY_MS)]);
  });

  after(() => opened.disposeAsync());

  async function plainText(): Promise<number> {
    return (await node.get(`http://${called.ip}:8080/`)).status;
  }

  const identity = 'spiffe://cluster.local/ns/shop/sa/caller';
  const url = 'http://called.shop.svc.cluster.local:8080/';

  it('tells pods that run who may call them', async () => {
    const permissive = await plainText();

    await mesh.update(called, { peers: 'strict' });
    await until(async () => (await plainText()) === 502);
    const mutual = callerOf(await seenBy(caller, url));
    const bytes = await ask(caller, `tcp://called.shop.svc.cluster.local:${TCP_PORT}`);
    await mesh.update(called, { peers: 'permissive' });

    await until(async () => (await plainText()) === 200);
    deepEqual([permissive, mutual, bytes.statuses], [200, identity, { echo: 1 }]);
  });

  it('may lose its control plane: pods go on, and learn afterwards what they missed', async () => {
    await mesh.controlPlane.stop();
    const { asked, good } = await ask(caller, url, '--requests', '100', '--concurrency', '4');
    await mesh.update(called, { peers: 'strict' });
    const meanwhile = await plainText();

    await mesh.controlPlane.start();

    await until(async () => (await plainText()) === 502);
    deepEqual([asked, good, meanwhile], [100, 100, 200]);
    equal(callerOf(await seenBy(caller, url)), identity);
  });

  it('leads callers of a service to the pods that are still behind it', async () => {
    const service = 'http://cart.shop.svc.cluster.local:8080/';
    const { pod: before } = await seenBy(caller, service);

    await mesh.update(before === 'called' ? called : caller, { isLeaving: true });

    const left = before === 'called' ? 'caller' : 'called';
    await until(async () => (await seenBy(caller, service)).pod === left);
  });
}

/** A pod of the same workload, under a name and an account of its own, with one more port. */
async function pod(name: string): Promise<PodSpec> {
  const [spec] = readPods(await readFile(FILE, 'utf8'));
  if (spec === undefined) throw new Error(`${FILE} holds no pod`);
  const port = { name: 'tcp', containerPort: TCP_PORT, protocol: 'TCP' };
  const containers = spec.containers.map((each) => ({ ...each, ports: [...each.ports, port] }));
  return { ...spec, name, serviceAccountName: name, containers };
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PUSH_MS;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`nothing came of it within ${PUSH_MS / 1000} s`);
    await delay(100);
  }
}
