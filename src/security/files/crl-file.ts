// The list of revoked certificates that a platform mounts. Envoy reads and follows the file itself: it is only told
// whether there is one. A file that is no such list would make Envoy refuse the trust anchors with it.
// Upstream counterpart: istio security/pkg/nodeagent/cache/secretcache.go.

import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { readableCertificates } from '../../pki/certificates.ts';
import type { Clock } from '../../runtime/clock.ts';
import { errnoOf, messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { CertificateFileError, readCertificateFile } from './certificate-file.ts';
import type { DirectoryWatches } from './directory-watches.ts';
import { FilesWatch } from './files-watch.ts';

export interface CrlFileSettings {
  /** Absolute; `/var/run/secrets/istio/crl/ca-crl.pem`. */
  readonly path: string;
  /** As for the files of secrets, milliseconds. */
  readonly pollMs: number;
}

export interface CrlFileDeps {
  readonly directories: Pick<DirectoryWatches, 'join' | 'leave'>;
  readonly clock: Pick<Clock, 'sleep'>;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
}

const ABSENT = new Set(['ENOENT', 'ENOTDIR']);

export class CrlFile implements AsyncDisposable {
  readonly #settings: CrlFileSettings;
  readonly #deps: CrlFileDeps;
  readonly #listeners = new Set<() => void>();
  #isUsable = false;
  /** What was judged last; only compared. */
  #text: string | undefined;
  /** PEM. */
  #anchors = '';
  /** Told already. */
  #problem: string | undefined;
  #examined: Promise<void> = Promise.resolve();
  #watch: Promise<FilesWatch | undefined> | undefined;

  constructor(settings: CrlFileSettings, deps: CrlFileDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  /**
   * Of the list; undefined while there is none. One that was good counts until it is gone, whatever replaces it.
   *
   * @param anchorsPem the workload's trust anchors, when they are known: what is in their name has to be theirs
   */
  async path(anchorsPem?: string): Promise<string | undefined> {
    this.#watch ??= this.#watched();
    if (anchorsPem !== undefined && anchorsPem !== this.#anchors) {
      this.#anchors = anchorsPem;
      this.#text = undefined;
    }
    await this.#examine();
    return this.#isUsable ? this.#settings.path : undefined;
  }

  /** @param listener called when the list has appeared or gone. @returns ends the calls */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** May be called twice. */
  async close(): Promise<void> {
    this.#listeners.clear();
    await (await this.#watch)?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Without its directory there is no such mount, and none comes into a running container. */
  async #watched(): Promise<FilesWatch | undefined> {
    const { path, pollMs } = this.#settings;
    try {
      await stat(dirname(path));
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      return undefined;
    }
    const examine = (): Promise<void> => this.#examine();
    return new FilesWatch({ paths: [path], pollMs }, { ...this.#deps, examine });
  }

  /** One look after the other; never rejects. */
  #examine(): Promise<void> {
    this.#examined = this.#examined.then(() => this.#look());
    return this.#examined;
  }

  async #look(): Promise<void> {
    const before = this.#isUsable;
    try {
      await this.#judge(await readCertificateFile(this.#settings.path));
    } catch (error) {
      this.#fail(error);
    }
    if (this.#isUsable !== before) this.#listeners.forEach((listener) => listener());
  }

  async #judge(text: string): Promise<void> {
    if (text === this.#text) return;
    this.#text = text;
    const { checkCrls } = await import('./crl.ts'); // brings an ASN.1 library, and there is rarely a list
    checkCrls(text, readableCertificates(this.#anchors));
    this.#isUsable = true;
    this.#problem = undefined;
  }

  /** What is there and no list takes nothing away: it may be half of the next one. */
  #fail(error: unknown): void {
    const errno = error instanceof CertificateFileError ? errnoOf(error.cause) : undefined;
    if (errno !== undefined) {
      this.#isUsable = false;
      this.#text = undefined;
    }
    const problem = errno !== undefined && ABSENT.has(errno) ? undefined : messageOf(error);
    if (problem !== undefined && problem !== this.#problem) {
      this.#deps.log.error(`revocation list ${this.#settings.path} cannot be used: ${problem}`);
    }
    this.#problem = problem;
  }
}
