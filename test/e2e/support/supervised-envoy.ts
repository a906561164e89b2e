// A supervisor with the real Envoy and a static bootstrap of one listener, on free ports of 127.0.0.1.

import { writeFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { freePorts } from '../../../examples/demo/free-ports.ts';
import { DEFAULT_TIMING } from '../../../src/envoy/settings.ts';
import type { EnvoySnapshot } from '../../../src/envoy/snapshot.ts';
import { EnvoySupervisor, type EnvoyEnd } from '../../../src/envoy/supervisor.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { execaSpawn } from '../../../src/runtime/execa-spawn.ts';
import { envoySettings, writtenBootstrap } from '../../envoy/support/settings.ts';
import { recordingLog, type RecordingLog } from '../../support/recording-log.ts';

type Bootstrap = Record<string, unknown>;

/** Turns a bootstrap that works into another one. */
export type Change = (bootstrap: Bootstrap) => Bootstrap;

export class SupervisedEnvoy {
  readonly supervisor: EnvoySupervisor;
  readonly recorded: RecordingLog;
  readonly url: string;
  readonly adminPort: number;
  /** Applied to every bootstrap that is written from now on. */
  change: Change = (bootstrap) => bootstrap;
  readonly #stop = new AbortController();
  #ended: Promise<EnvoyEnd> | undefined;

  private constructor(binaryPath: string, folder: string, adminPort: number, trafficPort: number) {
    this.url = `http://127.0.0.1:${trafficPort}/`;
    this.adminPort = adminPort;
    this.recorded = recordingLog();
    this.supervisor = new EnvoySupervisor(
      {
        clock: systemClock(),
        spawn: execaSpawn,
        log: this.recorded.log,
        random: Math.random,
        output: () => undefined,
        writeBootstrap: (launch) => {
          const text = JSON.stringify(this.change(bootstrap(adminPort, trafficPort)));
          return writtenBootstrap(launch, async ({ epoch }) => {
            const path = join(folder, `envoy-rev${epoch}.json`);
            await writeFile(path, text);
            return path;
          });
        },
        removeBootstrap: (path) => rm(path, { force: true }),
        xdsReady: () => ({ ok: true, reason: '' }),
      },
      envoySettings({
        binaryPath,
        admin: { host: '127.0.0.1', port: adminPort },
        terminationDrainMs: 300,
        timing: { ...DEFAULT_TIMING, repairInitialMs: 200 },
      }),
    );
  }

  static async prepare(binaryPath: string, folder: string): Promise<SupervisedEnvoy> {
    const [adminPort, trafficPort] = await freePorts(2);
    return new SupervisedEnvoy(binaryPath, folder, adminPort ?? 0, trafficPort ?? 0);
  }

  get snapshot(): EnvoySnapshot {
    return this.supervisor.snapshot();
  }

  run(): Promise<EnvoyEnd> {
    this.#ended = this.supervisor.run(this.#stop.signal);
    this.#ended.catch(() => undefined); // the test awaits `stop`, or the promise it was given
    return this.#ended;
  }

  /** Waits until an Envoy of this generation or a newer one is live and no other one is left. */
  async alone(generation: number): Promise<void> {
    await eventually(() => {
      const { active, candidate, draining } = this.snapshot;
      if (candidate !== undefined || draining.length > 0) return false;
      return active?.state === 'live' && active.generation >= generation;
    });
  }

  async stop(): Promise<EnvoyEnd | undefined> {
    this.#stop.abort(new Error('the test ends'));
    return this.#ended;
  }
}

/** Looks every 20 ms, at most 15 s. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('what the test waits for did not happen within 15 s');
    await sleep(20);
  }
}

function bootstrap(adminPort: number, trafficPort: number): Bootstrap {
  return {
    node: { id: 'test', cluster: 'test' },
    admin: { address: socketAddress(adminPort) },
    static_resources: { listeners: [listener('traffic', trafficPort)] },
  };
}

/** A listener that answers every request with 200. */
export function listener(name: string, port: number): object {
  const routes = [
    { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'hi\n' } } },
  ];
  return {
    name,
    address: socketAddress(port),
    traffic_direction: 'INBOUND',
    filter_chains: [{ filters: [httpFilter(name, routes)] }],
  };
}

function httpFilter(name: string, routes: readonly object[]): object {
  const types = 'type.googleapis.com/envoy.extensions.filters';
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: {
      '@type': `${types}.network.http_connection_manager.v3.HttpConnectionManager`,
      stat_prefix: name,
      http_filters: [
        { name: 'envoy.filters.http.router', typed_config: { '@type': `${types}.http.router.v3.Router` } },
      ],
      route_config: { name, virtual_hosts: [{ name, domains: ['*'], routes }] },
    },
  };
}

function socketAddress(port: number): object {
  return { socket_address: { address: '127.0.0.1', port_value: port } };
}
