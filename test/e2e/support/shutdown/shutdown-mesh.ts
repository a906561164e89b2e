// A control plane for pods that are ended one after another, a few at a time. Each place has ports of its own, which
// the next pod at that place takes over.

import { join } from 'node:path';

import { freePorts } from '../../../../examples/demo/free-ports.ts';
import { ControlPlane } from '../control-plane.ts';
import { forwardingListener, staticCluster } from '../mesh-resources.ts';
import { HeldBackend } from './held-backend.ts';

/** Where one pod at a time runs. */
export interface Place {
  /** Its service account. */
  readonly name: string;
  /** HTTP of the direction INBOUND. */
  readonly inbound: number;
  /** The same of the direction OUTBOUND. */
  readonly outbound: number;
  /** Bytes, INBOUND. */
  readonly tcp: number;
}

export type PodEnvironment = Readonly<Record<string, string>>;

export class ShutdownMesh implements AsyncDisposable {
  readonly control: ControlPlane;
  readonly backend: HeldBackend;
  readonly places: readonly Place[];
  /** Variables of every pod. */
  readonly podEnvironment: PodEnvironment;
  /** For the folders of pods. */
  readonly folder: string;
  readonly #opened: AsyncDisposableStack;

  private constructor(
    parts: Pick<ShutdownMesh, 'control' | 'backend' | 'places' | 'podEnvironment' | 'folder'>,
    opened: AsyncDisposableStack,
  ) {
    this.control = parts.control;
    this.backend = parts.backend;
    this.places = parts.places;
    this.podEnvironment = parts.podEnvironment;
    this.folder = parts.folder;
    this.#opened = opened;
  }

  /**
   * @param folder empty
   * @param size how many pods there can be at a time
   */
  static async start(
    folder: string,
    size: number,
    podEnvironment: PodEnvironment = {},
  ): Promise<ShutdownMesh> {
    await using opened = new AsyncDisposableStack();
    const backend = opened.use(await HeldBackend.start());
    const ports = await freePorts(3 * size);
    const places = Array.from({ length: size }, (_none, index): Place => {
      const [inbound = 0, outbound = 0, tcp = 0] = ports.slice(3 * index);
      return { name: `place${index}`, inbound, outbound, tcp };
    });
    const config = Object.fromEntries(
      places.map((place) => [
        `${place.name}.yaml`,
        { nodes: [`*~${place.name}-1.*`], resources: resources(place, backend) },
      ]),
    );
    const control = opened.use(await ControlPlane.start(join(folder, 'control'), { config }));
    return new ShutdownMesh({ control, backend, places, podEnvironment, folder }, opened.move());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#opened.disposeAsync();
  }
}

function resources(
  { inbound, outbound, tcp }: Place,
  { httpPort, echoPort }: HeldBackend,
): readonly object[] {
  return [
    staticCluster('http', httpPort),
    staticCluster('echo', echoPort),
    { ...forwardingListener('inbound', inbound, 'http'), traffic_direction: 'INBOUND' },
    { ...forwardingListener('outbound', outbound, 'http'), traffic_direction: 'OUTBOUND' },
    {
      ...forwardingListener('tcp', tcp, 'echo'),
      traffic_direction: 'INBOUND',
      filter_chains: [{ filters: [TCP_PROXY] }],
    },
  ];
}

const TCP_PROXY = {
  name: 'envoy.filters.network.tcp_proxy',
  typed_config: {
    '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
    stat_prefix: 'tcp',
    cluster: 'echo',
  },
};
