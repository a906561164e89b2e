// A supervisor with the real Envoy and a static bootstrap, on free ports of 127.0.0.1. The bootstrap, the arguments
// and what is spawned can be changed on the way.

import { execFile } from 'node:child_process';
import { writeFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';

import { fetchEnvoy } from '../../../examples/demo/fetch-envoy.ts';
import { freePorts } from '../../../examples/demo/free-ports.ts';
import { AdminClient, freshConnections } from '../../../src/envoy/admin/admin-client.ts';
import type { ArgumentSettings } from '../../../src/envoy/process/arguments.ts';
import { lackOfMemory, type MemoryPlaces } from '../../../src/envoy/memory/memory-headroom.ts';
import { DEFAULT_TIMING, type SupervisorTiming } from '../../../src/envoy/settings.ts';
import type { EnvoySnapshot } from '../../../src/envoy/snapshot.ts';
import { EnvoySupervisor, type EnvoyEnd } from '../../../src/envoy/supervisor.ts';
import type { BootstrapLaunch, WrittenBootstrap } from '../../../src/envoy/process/written-bootstrap.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { execaSpawn } from '../../../src/runtime/execa-spawn.ts';
import type { Child, Command } from '../../../src/runtime/spawn.ts';
import { argumentSettings, envoySettings, shutdown, writtenBootstrap } from '../../envoy/support/settings.ts';
import { recordingLog, type RecordingLog } from '../../support/recording-log.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import type { RestartBackend } from './restart-backend.ts';
import { supervisedBootstrap, type Change, type SupervisedPorts } from './supervised-bootstrap.ts';

export interface SupervisedOptions {
  /** Default: none, and only the listener that answers by itself. */
  readonly backend?: RestartBackend;
  readonly arguments?: Partial<ArgumentSettings>;
  readonly timing?: Partial<SupervisorTiming>;
  /** Every bootstrap counts as good before it is tried. */
  readonly withoutPreflight?: boolean;
  /** Where figures on memory are read; default: the kernel's own. */
  readonly memory?: MemoryPlaces;
}

const PATIENCE_MS = 30_000;

export class SupervisedEnvoy {
  readonly supervisor: EnvoySupervisor;
  readonly recorded: RecordingLog;
  readonly url: string;
  readonly ports: SupervisedPorts;
  /** What Envoy has printed. */
  readonly output: string[] = [];
  /** Applied to every bootstrap that is written from now on. */
  change: Change = (bootstrap) => bootstrap;
  /** Of every Envoy that is started from now on. */
  arguments: ArgumentSettings;
  /** True: the bootstraps that are written from now on are pipes nobody writes to. Envoy waits when it opens one. */
  silent = false;
  /** Called with the process id of a serving Envoy as soon as it is spawned. */
  onSpawn: (pid: number) => void = () => undefined;
  /** The newest bootstrap. */
  #text = '';
  readonly #folder: string;
  readonly #options: SupervisedOptions;
  readonly #stop = new AbortController();
  #ended: Promise<EnvoyEnd> | undefined;

  private constructor(
    binaryPath: string,
    folder: string,
    ports: SupervisedPorts,
    options: SupervisedOptions,
  ) {
    this.#folder = folder;
    this.#options = options;
    this.ports = ports;
    this.url = `http://127.0.0.1:${ports.traffic}/`;
    this.arguments = argumentSettings(options.arguments);
    this.recorded = recordingLog();
    this.supervisor = new EnvoySupervisor(
      {
        clock: systemClock(),
        spawn: (command) => this.#spawn(command),
        log: this.recorded.log,
        random: Math.random,
        output: (line) => void this.output.push(line),
        writeBootstrap: (launch) => this.#write(launch),
        removeBootstrap: (path) => rm(path, { force: true }),
        xdsReady: () => ({ ok: true, reason: '' }),
        readText: () => Promise.resolve(this.#text),
        lackOfMemory: (pid) => lackOfMemory(pid, options.memory),
        ...(options.withoutPreflight && { readText: () => Promise.resolve('{}') }),
      },
      envoySettings({
        binaryPath,
        admin: { host: '127.0.0.1', port: ports.admin },
        shutdown: shutdown({ terminationDrainMs: 300 }),
        timing: { ...DEFAULT_TIMING, repairInitialMs: 200, ...options.timing },
      }),
    );
  }

  static async prepare(
    binary: string,
    folder: string,
    options: SupervisedOptions = {},
  ): Promise<SupervisedEnvoy> {
    const [admin = 0, traffic = 0, forward = 0, tcp = 0] = await freePorts(4);
    return new SupervisedEnvoy(binary, folder, { admin, traffic, forward, tcp }, options);
  }

  /** Runs a test with a live Envoy in a folder of its own, and ends it whatever happens. */
  static async with(
    test: (envoy: SupervisedEnvoy) => Promise<void>,
    options: SupervisedOptions = {},
  ): Promise<void> {
    await using folder = await temporaryDirectory();
    const envoy = await SupervisedEnvoy.prepare(await fetchEnvoy(), folder.path, options);
    void envoy.run();
    try {
      await envoy.alone(0);
      await test(envoy);
    } finally {
      await envoy.stop();
    }
  }

  /** Whoever owns the admin port now. */
  get admin(): AdminClient {
    return new AdminClient(freshConnections({ host: '127.0.0.1', port: this.ports.admin }));
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

  async #spawn(command: Command): Promise<Child> {
    const looks = command.args.includes('--mode');
    if (looks && this.#options.withoutPreflight) return execaSpawn({ ...command, file: 'true', args: [] });
    const child = await execaSpawn(command);
    if (command.args.includes('--restart-epoch')) this.onSpawn(child.pid);
    return child;
  }

  #write(launch: BootstrapLaunch): Promise<WrittenBootstrap> {
    const text = JSON.stringify(this.change(supervisedBootstrap(this.ports, this.#options.backend)));
    this.#text = text;
    const write = async ({ epoch }: BootstrapLaunch): Promise<string> => {
      const path = join(this.#folder, `envoy-rev${epoch}.json`);
      if (this.silent) await promisify(execFile)('mkfifo', [path]);
      else await writeFile(path, text);
      return path;
    };
    return writtenBootstrap(launch, write, { hash: text, arguments: this.arguments });
  }
}

/** Looks every 20 ms, at most 30 s. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('what the test waits for did not happen in time');
    await sleep(20);
  }
}
