// The whole demo mesh: topology, control plane and two workloads, opened in order and removed as one.

import { ControlPlane } from './control-plane.ts';
import { makeLoopback } from './loopback.ts';
import { makeNamespaces, namespacesAllowed } from './namespaces.ts';
import { removeStale } from './remains.ts';
import { Topology, type Layout } from './topology.ts';
import { Workload } from './workload.ts';

export interface Mesh extends AsyncDisposable {
  /** Where it runs and why there, in words. */
  readonly place: string;
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
  const { layout, place } = await layOut(envoy, loopback);
  const topology = opened.use(new Topology(layout));
  const control = await ControlPlane.start(topology, signal);
  const [client, server] = await both(
    Workload.start(topology, 'client', control),
    Workload.start(topology, 'server', control),
  );
  const all = opened.move();
  return { place, topology, control, client, server, [Symbol.asyncDispose]: () => all.disposeAsync() };
}

/** Namespaces wherever they can be had. */
async function layOut(
  envoy: string,
  loopback: boolean,
): Promise<{ readonly layout: Layout; readonly place: string }> {
  const onLoopback = async (why: string): Promise<{ readonly layout: Layout; readonly place: string }> => ({
    layout: await makeLoopback(envoy),
    place: `on loopback, without capture (${why})`,
  });
  if (loopback) return onLoopback('as asked');
  if (process.getuid?.() !== 0) return onLoopback('that needs root');
  await removeStale();
  if (!(await namespacesAllowed())) return onLoopback('this machine allows no network namespaces');
  return { layout: await makeNamespaces(envoy), place: 'each in a network namespace of its own' };
}

/** Waits for the other one even when one fails, so that nothing is started behind the clean-up's back. */
async function both<T>(one: Promise<T>, other: Promise<T>): Promise<[T, T]> {
  await Promise.allSettled([one, other]);
  return [await one, await other];
}
