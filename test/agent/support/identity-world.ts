// Identities opened from configurations, and the directory that those lead to.

import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { openIdentity, type Identity } from '../../../src/agent/identity.ts';
import type { AgentConfig } from '../../../src/config/agent-config.ts';
import { loadMessages } from '../../../src/proto/messages.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { silentMeter } from '../../support/silent-meter.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';

export const CLOCK = systemClock();

export const UNASKED = new AbortController().signal;

export const DEPS = {
  messages: async () => loadMessages(),
  clock: CLOCK,
  random: Math.random,
  meter: silentMeter(),
  startup: { begun: () => undefined, done: () => undefined },
  fileMeter: { watchFailed: () => undefined, secretFailed: () => undefined },
};

/** The chain or the anchors. */
export async function served({ secrets }: Identity, name: string): Promise<string> {
  const item = await secrets.get(name, UNASKED);
  return item.kind === 'trust' ? item.rootPem : item.certificateChainPem;
}

export class IdentityWorld {
  /** Of all identities. */
  readonly recorded = recordingLog();
  readonly #folder: TemporaryDirectory;
  readonly #opened = new AsyncDisposableStack();

  static async lay(): Promise<IdentityWorld> {
    return new IdentityWorld(await temporaryDirectory());
  }

  private constructor(folder: TemporaryDirectory) {
    this.#folder = folder;
  }

  get path(): string {
    return this.#folder.path;
  }

  /** Closes what was opened, too. */
  async remove(): Promise<void> {
    await this.#opened.disposeAsync();
    await this.#folder.remove();
  }

  async open(config: AgentConfig, servesFilesOnly = false): Promise<Identity> {
    const identity = await openIdentity(config, { ...DEPS, log: this.recorded.log }, servesFilesOnly);
    this.#opened.use(identity.fileCertificates);
    this.#opened.use(identity.secrets);
    return identity;
  }

  /** @param path below the directory */
  async mount(path: string, content: string): Promise<void> {
    const target = join(this.path, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
}
