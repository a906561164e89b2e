// The whole demo mesh: topology, control plane and two workloads, opened in order and removed as one.

import { ControlPlane } from './control-plane.ts';
import { makeLoopback } from './loopback.ts';
import { makeNamespaces } from './namespaces.ts';
import { removeStale } from './remains.ts';
import { Topology } from './topology.ts';
import { Workload } from './workload.ts';

export interface Mesh extends AsyncDisposable {
  readonly topology: Topology;
  readonly control: ControlPlane;
  readonly client: Workload;
  readonly server: Workload;
}

export interface MeshSettings {
  /** Path of the Envoy to run. */
  readonly envoy: string;
  /** Without capture even when this is root. */
  readonly loopback: boolean;
}

/** Starts everything; nothing of it need be ready. Disposing ends and removes all of it. */
export async function startMesh({ envoy, loopback }: MeshSettings, signal: AbortSignal): Promise<Mesh> {
  await using opened = new AsyncDisposableStack();
  const captured = process.getuid?.() === 0 && !loopback;
  if (captured) await removeStale();
  const topology = new Topology(captured ? await makeNamespaces(envoy) : await makeLoopback(envoy));
  opened.use(topology);
  const control = await ControlPlane.start(topology, signal);
  const [client, server] = await both(
    Workload.start(topology, 'client', control),
    Workload.start(topology, 'server', control),
  );
  const all = opened.move();
  return { topology, control, client, server, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Waits for the other one even when one fails, so that nothing is started behind the clean-up's back. */
async function both<T>(one: Promise<T>, other: Promise<T>): Promise<[T, T]> {
  await Promise.allSettled([one, other]);
  return [await one, await other];
}
