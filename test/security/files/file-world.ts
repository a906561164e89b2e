// Secrets of files with real files, links and events. Time is real too: a burst of events is waited for.

import { mkdir, readlink, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { CauseLog } from '../../../src/runtime/cause-log.ts';
import { systemClock, type Clock } from '../../../src/runtime/clock.ts';
import { watchDirectory } from '../../../src/runtime/watch.ts';
import { DirectoryWatches } from '../../../src/security/files/directory-watches.ts';
import { FileSecrets, type FileSecretsSettings } from '../../../src/security/files/file-secrets.ts';
import type { SecretItem } from '../../../src/security/secret-item.ts';
import { existingCertificates } from '../../../src/security/mounted-certificates.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { turns, until } from '../progress.ts';

export interface GivenFiles extends Partial<FileSecretsSettings> {
  readonly clock?: Clock;
  readonly watchDirectory?: typeof watchDirectory;
}

const UNASKED = new AbortController().signal;

export class FileWorld implements AsyncDisposable {
  readonly #folder: TemporaryDirectory;
  readonly directories: DirectoryWatches;
  readonly secrets: FileSecrets;
  /** Names of what has changed, oldest first. */
  readonly changes: string[] = [];
  readonly recorded = recordingLog();
  watchFailures = 0;
  #watching = 0;
  secretFailures = 0;

  static async create(given: GivenFiles = {}): Promise<FileWorld> {
    return new FileWorld(await temporaryDirectory(), given);
  }

  private constructor(folder: TemporaryDirectory, { clock = systemClock(), ...given }: GivenFiles) {
    this.#folder = folder;
    const { log } = this.recorded;
    this.directories = new DirectoryWatches({
      watchDirectory: async (path, events) => {
        const watcher = await (given.watchDirectory ?? watchDirectory)(path, events);
        this.#watching += 1;
        return watcher;
      },
      meter: { watchFailed: () => void (this.watchFailures += 1) },
      faults: new CauseLog(log),
    });
    const settings = {
      workingDirectory: folder.path,
      own: existingCertificates(folder.path),
      systemBundle: undefined,
      retryMs: 100,
      pollMs: 0,
      ...given,
    };
    this.secrets = new FileSecrets(settings, {
      directories: this.directories,
      clock,
      random: Math.random,
      log,
      meter: { secretFailed: () => void (this.secretFailures += 1) },
    });
    this.secrets.onChange((name) => this.changes.push(name));
  }

  get path(): string {
    return this.#folder.path;
  }

  /** The text that is served: the chain, or the anchors; undefined when no file stands for the name. */
  async served(name: string, signal = UNASKED): Promise<string | undefined> {
    return textOf(await this.secrets.get(name, signal));
  }

  /** Once a change is noticed by its event, and not because the watch has only begun. */
  async watching(directories: number): Promise<void> {
    await until(() => this.#watching >= directories);
    await turns();
  }

  untilChanges(count: number): Promise<void> {
    return until(() => this.changes.length >= count);
  }

  /** As an editor or `mv` does it: the old or the new content, never a part. */
  async replace(path: string, content: string): Promise<void> {
    const target = join(this.path, path);
    await mkdir(dirname(target), { recursive: true });
    await writeFile(`${target}.new`, content);
    await rename(`${target}.new`, target);
  }

  async link(path: string, target: string): Promise<void> {
    await mkdir(dirname(join(this.path, path)), { recursive: true });
    await symlink(target, join(this.path, path));
  }

  remove(path: string): Promise<void> {
    return rm(join(this.path, path), { recursive: true });
  }

  /** As the kubelet does it: a new folder, one link swapped, the old folder removed. */
  async publish(volume: string, version: number, files: Readonly<Record<string, string>>): Promise<void> {
    const folder = `..2026_01_0${version}`;
    for (const [name, content] of Object.entries(files)) {
      await this.replace(join(volume, folder, name), content);
    }
    const data = join(this.path, volume, '..data');
    const before = await readlink(data).catch(() => undefined); // the first version
    await symlink(folder, `${data}_tmp`);
    await rename(`${data}_tmp`, data);
    if (before === undefined) {
      for (const name of Object.keys(files)) await this.link(join(volume, name), `..data/${name}`);
    } else await this.remove(join(volume, before));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.secrets.close();
    await this.directories.close();
    await this.#folder.remove();
  }
}

function textOf(item: SecretItem | undefined): string | undefined {
  return item?.kind === 'trust' ? item.rootPem : item?.certificateChainPem;
}
