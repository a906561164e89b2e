// `agent discovery` inside the test's process, on a free port, with a configuration directory the test writes.

import { mkdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { startDiscovery, type Discovery } from '../../../src/discovery/discovery.ts';
import { issueToken } from '../../../src/discovery/token.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { recordingLog, type RecordingLog } from '../../support/recording-log.ts';

export interface ControlPlaneOptions {
  /** Documents of the configuration directory by file name. */
  readonly config: Readonly<Record<string, object>>;
  /** Default: a free one. */
  readonly port?: number;
}

export class ControlPlane implements AsyncDisposable {
  readonly recorded: RecordingLog;
  readonly #folder: string;
  readonly #discovery: Discovery;

  private constructor(folder: string, discovery: Discovery, recorded: RecordingLog) {
    this.#folder = folder;
    this.#discovery = discovery;
    this.recorded = recorded;
  }

  /** @param folder empty, or that of an earlier control plane whose root and keys go on */
  static async start(folder: string, { config, port = 0 }: ControlPlaneOptions): Promise<ControlPlane> {
    const configDirectory = join(folder, 'config');
    await mkdir(configDirectory, { recursive: true });
    for (const [name, document] of Object.entries(config)) await writeConfig(configDirectory, name, document);
    const recorded = recordingLog();
    const discovery = await startDiscovery(
      {
        configDirectory,
        stateDirectory: join(folder, 'state'),
        address: '127.0.0.1',
        port,
        hosts: [],
        trustDomain: 'cluster.local',
        rootFiles: undefined,
        jwksFile: undefined,
      },
      { clock: systemClock(), log: recorded.log },
    );
    return new ControlPlane(folder, discovery, recorded);
  }

  get port(): number {
    return this.#discovery.port;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** Open discovery streams. */
  get streamCount(): number {
    return this.#discovery.connectionCount();
  }

  get rootCertificatePath(): string {
    return this.#discovery.rootCertificatePath;
  }

  token(namespace: string, serviceAccount: string): Promise<string> {
    const request = {
      stateDirectory: join(this.#folder, 'state'),
      namespace,
      serviceAccount,
      ttlMs: 3_600_000,
    };
    return issueToken(request, systemClock());
  }

  /** Replaces one file of the configuration directory; the change is pushed. */
  write(name: string, document: object): Promise<void> {
    return writeConfig(join(this.#folder, 'config'), name, document);
  }

  close(): Promise<void> {
    return this.#discovery.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

async function writeConfig(directory: string, name: string, document: object): Promise<void> {
  await writeFile(join(directory, `.${name}`), stringify(document));
  await rename(join(directory, `.${name}`), join(directory, name));
}
