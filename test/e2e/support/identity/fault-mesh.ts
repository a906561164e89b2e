// A control plane with its CA, other CAs, and one workload that calls all others over mutual TLS. Those that are
// called are made one by one, each with a CA address of its own that can be led elsewhere.

import { join } from 'node:path';

import { freePorts } from '../../../../examples/demo/free-ports.ts';
import { ControlPlane } from '../control-plane.ts';
import { Pod } from '../pod.ts';
import { CalledPod, type CalledOptions } from './called-pod.ts';
import { CaGate } from './ca-gate.ts';
import { MeshCas } from './mesh-cas.ts';
import { calledResources, callingResources, MESH_HOST } from './mutual-tls.ts';

interface Route {
  readonly name: string;
  /** Of the calling Envoy. */
  readonly port: number;
  readonly calledPort: number;
}

export class FaultMesh implements AsyncDisposable {
  readonly control: ControlPlane;
  readonly cas: MeshCas;
  /** The workload that calls. */
  readonly caller: Pod;
  readonly folder: string;
  readonly #free: Route[];
  readonly #opened: AsyncDisposableStack;

  private constructor(parts: Omit<Parts, 'opened'>, opened: AsyncDisposableStack) {
    this.folder = parts.folder;
    this.control = parts.control;
    this.cas = parts.cas;
    this.caller = parts.caller;
    this.#free = [...parts.routes];
    this.#opened = opened;
  }

  /**
   * @param folder empty
   * @param size how many workloads can be called
   * @param env of the caller
   * @returns when the caller is ready
   */
  static async start(folder: string, size: number, env: CalledOptions['env'] = {}): Promise<FaultMesh> {
    const ports = await freePorts(2 * size);
    const routes = Array.from({ length: size }, (_none, index) => ({
      name: `called-${index}`,
      port: ports[2 * index] ?? 0,
      calledPort: ports[2 * index + 1] ?? 0,
    }));
    await using opened = new AsyncDisposableStack();
    const control = opened.use(
      await ControlPlane.start(join(folder, 'control'), { config: configOf(routes) }),
    );
    const cas = opened.use(await MeshCas.start(join(folder, 'control/state')));
    const caller = opened.use(
      await Pod.start(join(folder, 'caller'), {
        control,
        serviceAccount: 'caller',
        env: { CA_ADDR: `127.0.0.1:${cas.port('names both roots')}`, ...env },
      }),
    );
    await caller.ready();
    return new FaultMesh({ folder, control, cas, caller, routes }, opened.move());
  }

  /** One that can be called; its agent is not started yet. */
  async called(options: CalledOptions): Promise<CalledPod> {
    const route = this.#free.pop();
    if (route === undefined) throw new Error('the mesh was made for fewer workloads');
    const gate = await CaGate.open(this.control.port);
    return new CalledPod(
      {
        mesh: this,
        gate,
        name: route.name,
        port: route.calledPort,
        url: `http://${MESH_HOST}:${route.port}/`,
      },
      options,
    );
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }
}

interface Parts {
  readonly folder: string;
  readonly control: ControlPlane;
  readonly cas: MeshCas;
  readonly caller: Pod;
  readonly routes: readonly Route[];
}

function configOf(routes: readonly Route[]): Record<string, object> {
  const calling = routes.flatMap(({ name, port, calledPort }) => callingResources(name, port, calledPort));
  const called = routes.map(({ name, calledPort }) => [
    `${name}.yaml`,
    { nodes: [`sidecar~*~${name}-1.*`], resources: calledResources(calledPort) },
  ]);
  return {
    'caller.yaml': { nodes: ['sidecar~*~caller-1.*'], resources: calling },
    ...Object.fromEntries(called),
  };
}
