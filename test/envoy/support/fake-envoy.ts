// Real processes of fixtures/fake-envoy in a folder of their own.

import { writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';

import type { EnvoySettings } from '../../../src/envoy/settings.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { Journal, type JournalEntry } from '../fixtures/fake/journal.ts';
import type { FakeBootstrap } from '../fixtures/fake/script.ts';
import { envoySettings } from './settings.ts';

export class FakeEnvoyFolder implements AsyncDisposable {
  readonly adminPort: number;
  readonly #folder: TemporaryDirectory;

  private constructor(folder: TemporaryDirectory, adminPort: number) {
    this.#folder = folder;
    this.adminPort = adminPort;
  }

  static async make(): Promise<FakeEnvoyFolder> {
    return new FakeEnvoyFolder(await temporaryDirectory(), await freePort());
  }

  get path(): string {
    return this.#folder.path;
  }

  /** Settings that run the fake; a second of Envoy's timers takes a quarter. */
  settings(changes: Partial<EnvoySettings> = {}): EnvoySettings {
    return envoySettings({
      binaryPath: join(import.meta.dirname, '../fixtures/fake-envoy'),
      admin: { host: '127.0.0.1', port: this.adminPort },
      env: { PATH: process.env.PATH ?? '', FAKE_ENVOY_DIR: this.path, FAKE_ENVOY_SECOND_MS: '250' },
      ...changes,
    });
  }

  /** Writes a bootstrap and gives its path. */
  async bootstrap(name: string, content: Omit<FakeBootstrap, 'adminPort'> = {}): Promise<string> {
    const path = join(this.path, name);
    await writeFile(path, JSON.stringify({ adminPort: this.adminPort, ...content }));
    return path;
  }

  /** What the processes did, oldest first. */
  journal(): JournalEntry[] {
    return new Journal(this.path).entries();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#folder.remove();
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
