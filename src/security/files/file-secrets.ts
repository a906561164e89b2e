// The secrets that files hold: those a listener names by path, and the workload's own where a platform mounts them.
// What was asked for is watched until nobody asks any more. Upstream counterpart: istio
// security/pkg/nodeagent/cache/secretcache.go, generateFileSecret.

import { backoffMs } from '../../runtime/backoff.ts';
import { CauseLog, CauseLogs } from '../../runtime/cause-log.ts';
import type { Clock } from '../../runtime/clock.ts';
import { SECOND_MS } from '../../runtime/duration.ts';
import { messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { withTimeLimit } from '../../runtime/time-limit.ts';
import { SecretError, type SecretItem } from '../secret-item.ts';
import type { DirectoryWatches } from './directory-watches.ts';
import type { FileMeter } from './file-meter.ts';
import { FilesWatch } from './files-watch.ts';
import { HeldSecret, type LoadedSecret } from './held-secret.ts';
import { pathsOf, readSecretFiles, secretIn, type SecretFiles } from './secret-files.ts';
import { filesOf, type SecretPlaces } from './secret-places.ts';

export interface FileSecretsSettings extends SecretPlaces {
  /** Before files that cannot be used are read again, the first time; milliseconds. `FILE_DEBOUNCE_DURATION`. */
  readonly retryMs: number;
  /** How long a request waits for files that cannot be used. Default 10 s. */
  readonly limitMs?: number;
  /** `CERT_FILE_POLL_INTERVAL`, milliseconds; 0: files are looked at only after an event. */
  readonly pollMs: number;
}

export interface FileSecretsDeps {
  readonly directories: Pick<DirectoryWatches, 'join' | 'leave'>;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Scope `cache`. */
  readonly log: Log;
  readonly meter: Pick<FileMeter, 'secretFailed'>;
}

interface Watched {
  readonly secret: HeldSecret;
  readonly watch: FilesWatch;
}

const LIMIT_MS = 10 * SECOND_MS;

export class FileSecrets implements AsyncDisposable {
  readonly #settings: FileSecretsSettings;
  readonly #deps: FileSecretsDeps;
  readonly #faults: CauseLogs;
  readonly #watched = new Map<string, Watched>();
  readonly #closing = new Set<Promise<void>>();
  readonly #listeners = new Set<(name: string) => void>();

  constructor(settings: FileSecretsSettings, deps: FileSecretsDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#faults = new CauseLogs(deps.log);
  }

  /**
   * The secret as its files hold it now, or held it last when somebody has asked before and they cannot be used now.
   * Expired certificates are served.
   *
   * @returns undefined when no file stands for this name
   * @throws SecretError when the files of a first request cannot be used, after ten seconds of trying
   */
  async get(name: string, signal: AbortSignal): Promise<SecretItem | undefined> {
    const item = await this.#read(name, signal);
    if (item !== undefined) this.#deps.log.info('read certificate from file', { resource: name });
    return item;
  }

  /**
   * @param listener called with the name of a secret that has other content
   * @returns ends the calls
   */
  onChange(listener: (name: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Nobody asks for that name any more: its files are no longer watched. */
  release(name: string): void {
    const watched = this.#watched.get(name);
    this.#watched.delete(name);
    if (watched === undefined) return;
    const closed = watched.watch.close().finally(() => this.#closing.delete(closed));
    this.#closing.add(closed);
  }

  /** Ends all watches. May be called twice. */
  async close(): Promise<void> {
    this.#listeners.clear();
    for (const name of this.#watched.keys()) this.release(name);
    await Promise.all(this.#closing);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #read(name: string, signal: AbortSignal): Promise<SecretItem | undefined> {
    const watched = this.#watched.get(name);
    if (watched !== undefined) {
      await watched.secret.examine();
      return watched.secret.item;
    }
    const files = await filesOf(name, this.#settings);
    if (files === undefined) return undefined;
    const loaded = await this.#load(name, files, signal);
    signal.throwIfAborted(); // who does not wait any more does not release it either
    if (!this.#watched.has(name)) this.#watch(name, files, loaded);
    return loaded.item;
  }

  async #load(name: string, files: SecretFiles, signal: AbortSignal): Promise<LoadedSecret> {
    const { clock, meter } = this.#deps;
    const { limitMs = LIMIT_MS } = this.#settings;
    const faults: unknown[] = [];
    try {
      const limit = { clock, ms: limitMs, late: 'context deadline exceeded' };
      const loaded = await withTimeLimit(limit, signal, (limited) => this.#try(name, files, faults, limited));
      this.#faults.clear(name);
      return loaded;
    } catch (error) {
      signal.throwIfAborted();
      const cause = faults.at(-1);
      const problem = `${messageOf(error)} with last error: ${messageOf(cause)}`;
      meter.secretFailed();
      const text = `resource:${name} failed to generate secret for proxy from file: ${problem}`;
      this.#faults.of(name).warn(text);
      throw new SecretError(problem, { retryable: true, cause });
    }
  }

  /** @param faults of every try, oldest first */
  async #try(
    name: string,
    files: SecretFiles,
    faults: unknown[],
    signal: AbortSignal,
  ): Promise<LoadedSecret> {
    const { clock, random, log } = this.#deps;
    const { retryMs: initialMs, limitMs: maxMs = LIMIT_MS } = this.#settings;
    for (;;) {
      try {
        const content = await readSecretFiles(files);
        return { item: secretIn(content, name, files, log), digest: content.digest };
      } catch (error) {
        faults.push(error);
      }
      const waitMs = backoffMs({ initialMs, maxMs, multiplier: 1.5, jitter: 0.5 }, faults.length - 1, random);
      await clock.sleep(waitMs, signal);
    }
  }

  #watch(name: string, files: SecretFiles, loaded: LoadedSecret): void {
    const { log } = this.#deps;
    const paths = pathsOf(files);
    const changed = (): void => this.#listeners.forEach((listener) => listener(name));
    const secret = new HeldSecret(name, files, loaded, { log, faults: new CauseLog(log), changed });
    const settings = { paths, pollMs: this.#settings.pollMs };
    const watch = new FilesWatch(settings, { ...this.#deps, examine: () => secret.examine() });
    this.#watched.set(name, { secret, watch });
    log.info(`adding watcher for file certificate ${paths[0]}`);
  }
}
