// runAgent with everything real but Envoy: the fake one of test/envoy/fixtures is started from a bootstrap template
// of two lines. Folders are temporary, ports free ones of 127.0.0.1; no control plane is there to be reached.

import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';

import { runAgent, type AgentDeps } from '../../../src/agent/agent.ts';
import { StartupTimeline } from '../../../src/agent/startup-timeline.ts';
import type { AgentControls } from '../../../src/agent/controls.ts';
import type { AgentConfig } from '../../../src/config/agent-config.ts';
import type { EnvoyEnd } from '../../../src/envoy/supervisor.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { execaSpawn } from '../../../src/runtime/execa-spawn.ts';
import type { JsonObject } from '../../../src/runtime/json.ts';
import type { Child, Command, Spawn } from '../../../src/runtime/spawn.ts';
import { Journal } from '../../envoy/fixtures/fake/journal.ts';
import type { FakeBootstrap } from '../../envoy/fixtures/fake/script.ts';
import { makeAuthority } from '../../security/authority.ts';
import { freePorts } from '../../../examples/demo/free-ports.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { agentConfig, type GivenConfig } from './agent-config.ts';

const FAKE_ENVOY = join(import.meta.dirname, '../../envoy/fixtures/fake-envoy');

/** What is open at one moment. */
export interface Openings {
  readonly status: boolean;
  readonly sds: boolean;
  readonly xds: boolean;
}

export class AgentFolder {
  readonly path: string;
  readonly adminPort: number;
  readonly statusPort: number;
  readonly sdsSocket: string;
  readonly filesSocket: string;
  readonly credentialSocket: string;
  readonly xdsSocket: string;

  private constructor(path: string, [adminPort = 0, statusPort = 0]: readonly number[]) {
    this.path = path;
    this.adminPort = adminPort;
    this.statusPort = statusPort;
    this.sdsSocket = join(path, 'sds/socket');
    this.filesSocket = join(path, 'credentials/files-socket');
    this.credentialSocket = join(path, 'credentials/socket');
    this.xdsSocket = join(path, 'proxy/XDS');
  }

  /** @param path an empty folder */
  static async lay(path: string): Promise<AgentFolder> {
    const folder = new AgentFolder(path, await freePorts(2));
    await mkdir(join(path, 'var/run/secrets/istio'), { recursive: true });
    await writeFile(join(path, 'var/run/secrets/istio/root-cert.pem'), (await makeAuthority('mesh')).rootPem);
    await folder.setTemplate();
    return folder;
  }

  /** What the next Envoy is started from. */
  async setTemplate(content: Omit<FakeBootstrap, 'adminPort'> & JsonObject = {}): Promise<void> {
    const template = { adminPort: { $eval: 'config.proxyAdminPort' }, ...content };
    await writeFile(join(this.path, 'template.json'), JSON.stringify(template));
  }

  async config(given: GivenConfig = {}): Promise<AgentConfig> {
    const env = this.environment(given.env, given.proxyConfig);
    const config = await agentConfig({ ...given, workingDirectory: this.path, env });
    // relative to the process, which these tests share
    const sockets = {
      socketPath: this.sdsSocket,
      filesSocketPath: this.filesSocket,
      credentialSocketPath: this.credentialSocket,
    };
    return { ...config, identity: { ...config.identity, ...sockets } };
  }

  /** Of an agent in this folder: the fake Envoy, free ports, and no control plane. */
  environment(env: AgentConfig['environment'] = {}, proxyConfig: object = {}): AgentConfig['environment'] {
    const effective = {
      configPath: join(this.path, 'proxy'),
      discoveryAddress: '127.0.0.1:1',
      proxyAdminPort: this.adminPort,
      statusPort: this.statusPort,
      terminationDrainDuration: '0.050s',
      ...proxyConfig,
    };
    return {
      PATH: process.env.PATH,
      CLOUD_PLATFORM: 'none',
      ENVOY_PATH: FAKE_ENVOY,
      ISTIO_BOOTSTRAP: join(this.path, 'template.json'),
      FAKE_ENVOY_DIR: this.path,
      GRPC_XDS_BOOTSTRAP: join(this.path, 'etc/istio/proxy/grpc-bootstrap.json'),
      PROXY_CONFIG: JSON.stringify(effective),
      ...env,
    };
  }

  async openings(): Promise<Openings> {
    return { status: await accepts(this.statusPort), ...this.sockets() };
  }

  sockets(): Omit<Openings, 'status'> {
    return { sds: existsSync(this.sdsSocket), xds: existsSync(this.xdsSocket) };
  }

  /** What the fake Envoys did, oldest first. */
  journal(): string[] {
    return new Journal(this.path).entries().map(({ event }) => event);
  }
}

export class RunningAgent implements AsyncDisposable {
  readonly recorded = recordingLog();
  readonly end: Promise<EnvoyEnd>;
  /** Resolves when the agent says that it runs. */
  readonly running: Promise<AgentControls>;
  /** Envoys that were started to serve. */
  readonly envoys: Child[] = [];
  readonly commands: Command[] = [];
  /** What was open before each Envoy was started, and when each had ended. */
  readonly before: Openings[] = [];
  readonly after: Omit<Openings, 'status'>[] = [];
  reloads = 0;
  readonly #folder: AgentFolder;
  readonly #stop = new AbortController();

  constructor(folder: AgentFolder, config: AgentConfig, deps: Partial<AgentDeps> = {}) {
    this.#folder = folder;
    const running = Promise.withResolvers<AgentControls>();
    this.running = running.promise;
    const processStartMs = Date.now();
    const timing = { clock: systemClock(), log: this.recorded.log, processStartMs };
    const started = { processStartMs, startup: new StartupTimeline(timing), commandLine: [] };
    const all: AgentDeps = {
      clock: systemClock(),
      spawn: this.#spawn,
      random: Math.random,
      log: this.recorded.log,
      logLevels: new Map(),
      output: () => undefined,
      reload: () => ((this.reloads += 1), Promise.resolve(config)),
      ...started,
      ...deps,
    };
    this.end = runAgent(config, all, this.#stop.signal, running.resolve);
    this.end.catch(running.reject);
    this.running.catch(() => undefined); // whoever waits for the end sees the same error
  }

  /** Waits until the log has a line; rejects when the agent ends without it, or takes too long. */
  async logged(text: RegExp): Promise<void> {
    let over = false;
    const noteEnd = (): void => void (over = true);
    this.end.then(noteEnd, noteEnd);
    const deadline = performance.now() + 15_000;
    while (!this.recorded.messages().some((message) => text.test(message))) {
      over ||= performance.now() > deadline;
      if (over) throw new Error(`not logged: ${text}\n${this.recorded.messages().join('\n')}`);
      await new Promise((resolve) => {
        setTimeout(resolve, 5);
      });
    }
  }

  stop(reason: Error = new Error('received SIGTERM')): void {
    this.#stop.abort(reason);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
    await this.end.catch(() => undefined); // seen by the test, or not its subject
  }

  readonly #spawn: Spawn = async (command) => {
    if (command.args.includes('--mode')) return execaSpawn(command);
    this.commands.push(command);
    this.before.push(await this.#folder.openings());
    const child = await execaSpawn({ ...command, stdout: 'ignore' });
    this.envoys.push(child);
    void child.exited.then(() => this.after.push(this.#folder.sockets()));
    return child;
  };
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (open: boolean): void => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
