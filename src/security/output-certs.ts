// The workload's certificate as files, for programs beside Envoy (`OUTPUT_CERTS`): key, chain and trust anchors.
// All that has changed is prepared beside the files, and then put in their place in one go.
// Upstream counterpart: istio security/pkg/nodeagent/util.OutputKeyCertToDir.

import { randomUUID } from 'node:crypto';
import { renameSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';

import { CauseLog } from '../runtime/cause-log.ts';
import type { Clock } from '../runtime/clock.ts';
import { SECOND_MS } from '../runtime/duration.ts';
import { errnoOf, messageOf } from '../runtime/errors.ts';
import { readTextIfExists } from '../runtime/files.ts';
import type { Log } from '../runtime/log.ts';
import type { SecretItem } from './secret-item.ts';

export interface OutputCertsSettings {
  /** Absolute; must exist. */
  readonly directory: string;
  /** 0o644 in Kubernetes, where another container reads the files; else 0o600. */
  readonly mode: number;
  /** Number of the group the files are given to. Default: the process's. */
  readonly groupId?: number;
}

/** PEM. */
export interface CertificateTexts {
  readonly key: string;
  readonly chain: string;
  readonly anchors: string;
}

/** What of these secrets is written. */
export function textsOf(items: readonly SecretItem[]): Partial<CertificateTexts> {
  const texts = items.map((item) =>
    item.kind === 'trust'
      ? { anchors: item.rootPem }
      : { key: item.privateKeyPem, chain: item.certificateChainPem },
  );
  return Object.assign({}, ...texts) as Partial<CertificateTexts>;
}

export interface OutputCertsDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/** In the order in which they are replaced. */
const FILES = { key: 'key.pem', chain: 'cert-chain.pem', anchors: 'root-cert.pem' } as const;
const RETRY_MS = 30 * SECOND_MS;
const SAME_OWNER = -1;

export class OutputCerts implements AsyncDisposable {
  readonly #settings: OutputCertsSettings;
  readonly #deps: OutputCertsDeps;
  readonly #faults: CauseLog;
  readonly #closing = new AbortController();
  /** What the files should hold. */
  #wanted: Partial<CertificateTexts> = {};
  /** It has changed since the writing began. */
  #isStale = false;
  /** One at a time, so that a key never stands beside another write's chain. */
  #writing: Promise<void> | undefined;
  #retrying: Promise<void> | undefined;

  constructor(settings: OutputCertsSettings, deps: OutputCertsDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#faults = new CauseLog(deps.log);
  }

  /**
   * Replaces what is given and differs; of several sets that come during a write only the last is written. A failure
   * is logged once per cause, and tried again every 30 s: the certificate is served all the same.
   *
   * @param texts a key comes with its chain
   */
  write(texts: Partial<CertificateTexts>): Promise<void> {
    this.#wanted = { ...this.#wanted, ...texts };
    this.#isStale = true;
    return (this.#writing ??= this.#writeWanted().finally(() => {
      this.#writing = undefined;
    }));
  }

  /** Lets a running write end; nothing is tried again. May be called twice. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('no more certificates are written'));
    await this.#retrying;
    await this.#writing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #writeWanted(): Promise<void> {
    while (this.#isStale) {
      this.#isStale = false;
      try {
        await this.#replace(this.#wanted);
        this.#faults.clear();
      } catch (error) {
        // by its number: the message names a file that has another name at every try
        this.#faults.error(`error when output the resource: ${messageOf(error)}`, {}, errnoOf(error));
        this.#retrying ??= this.#retryLater();
      }
    }
  }

  async #retryLater(): Promise<void> {
    try {
      await this.#deps.clock.sleep(RETRY_MS, this.#closing.signal);
    } catch {
      return; // closing
    } finally {
      this.#retrying = undefined;
    }
    void this.write({});
  }

  async #replace(texts: Partial<CertificateTexts>): Promise<void> {
    const prepared: { readonly from: string; readonly to: string }[] = [];
    try {
      for (const part of ['key', 'chain', 'anchors'] as const) {
        const [content, to] = [texts[part], join(this.#settings.directory, FILES[part])];
        if (content === undefined || (await readTextIfExists(to)) === content) continue;
        const from = `${to}.tmp.${randomUUID()}`;
        prepared.push({ from, to });
        await this.#prepare(from, content);
      }
      // Synchronous, so that nothing of this process comes between a key and its chain.
      for (const { from, to } of prepared) renameSync(from, to);
    } catch (error) {
      await Promise.all(prepared.map(({ from }) => rm(from, { force: true })));
      throw error;
    }
  }

  /** Nobody but the owner and who may read it later can read the key at any time. */
  async #prepare(path: string, content: string): Promise<void> {
    const { mode, groupId } = this.#settings;
    const file = await open(path, 'wx', mode & 0o700);
    try {
      if (groupId !== undefined) await file.chown(SAME_OWNER, groupId);
      await file.chmod(mode); // whatever the umask is
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
  }
}
