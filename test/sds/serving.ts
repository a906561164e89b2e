// An SDS server on a socket of its own with secrets the test sets; what it counts and says is kept.

import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';

import type { Client } from '@grpc/grpc-js';

import { loadMessages } from '../../src/proto/messages.ts';
import { SdsServer, type SdsServerDeps } from '../../src/sds/server.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../support/temporary-directory.ts';
import { FakeSecrets } from './fake-secrets.ts';
import { connection, SdsClient, type SecretsResponse } from './sds-client.ts';

const messages = loadMessages();

export class Serving implements AsyncDisposable {
  readonly socketPath: string;
  readonly secrets = new FakeSecrets();
  readonly recorded = recordingLog();
  readonly clock = new FakeClock();
  /** Refusals, stale answers and failures, in order. */
  readonly counted: string[] = [];
  /** Secrets sent or not given, in order. */
  readonly pushed: string[] = [];
  /** Streams that are open. */
  streams = 0;
  readonly #directory: TemporaryDirectory;
  readonly #clients: SdsClient[] = [];
  #server: SdsServer | undefined;

  static async start(overrides: Partial<SdsServerDeps> = {}): Promise<Serving> {
    const serving = new Serving(await temporaryDirectory());
    serving.#server = await SdsServer.start({ ...serving.#deps(), ...overrides });
    return serving;
  }

  private constructor(directory: TemporaryDirectory) {
    this.#directory = directory;
    this.socketPath = join(directory.path, 'workload-spiffe-uds/socket');
  }

  get server(): SdsServer {
    if (this.#server === undefined) throw new Error('not started');
    return this.#server;
  }

  connect(method?: string, to: string | Client = this.socketPath): SdsClient {
    const client = new SdsClient(to, method);
    this.#clients.push(client);
    return client;
  }

  /** Streams over one connection. */
  multiplex(count: number): SdsClient[] {
    const shared = connection(this.socketPath);
    return Array.from({ length: count }, () => this.connect(undefined, shared));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.cut();
    await this.server.close();
    await this.#directory.remove();
  }

  #deps(): SdsServerDeps {
    return {
      socketPath: this.socketPath,
      socketMode: 0o666,
      socketGid: undefined,
      filesOnly: false,
      source: this.secrets,
      keyProvider: undefined,
      messages: async () => messages,
      clock: this.clock,
      log: this.recorded.log,
      metrics: {
        opened: () => void (this.streams += 1),
        ended: () => void (this.streams -= 1),
        pushed: (name, result) => void this.pushed.push(`${name} ${result}`),
        rejected: (err) => void this.counted.push(`rejected ${err}`),
        staleNonce: () => void this.counted.push('stale'),
        failed: () => void this.counted.push('failed'),
      },
    };
  }
}

export function namesOf({ secrets }: SecretsResponse): string[] {
  return secrets.map(({ name }) => name);
}

/** The certificate chain of a response with one key pair. */
export function chainOf({ secrets: [secret] }: SecretsResponse): string {
  return Buffer.from(secret?.tlsCertificate?.certificateChain.inlineBytes ?? []).toString();
}

/** Lets sockets work until the condition holds. */
export async function until(condition: () => boolean): Promise<void> {
  for (const limit = AbortSignal.timeout(5000); !condition(); await turn()) limit.throwIfAborted();
}
