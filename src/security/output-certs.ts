// The workload's certificate as files, for programs beside Envoy (`OUTPUT_CERTS`): key, chain and trust anchors.
// Upstream counterpart: istio security/pkg/nodeagent/util.OutputKeyCertToDir.

import { join } from 'node:path';

import { messageOf } from '../runtime/errors.ts';
import { readTextIfExists, writeFileAtomic } from '../runtime/files.ts';
import type { Log } from '../runtime/log.ts';

export interface OutputCertsSettings {
  /** Absolute; must exist. */
  readonly directory: string;
  /** 0o644 in Kubernetes, where another container reads the files; else 0o600. */
  readonly mode: number;
}

/** PEM. */
export interface CertificateTexts {
  readonly key: string;
  readonly chain: string;
  readonly anchors: string;
}

export class OutputCerts {
  readonly #settings: OutputCertsSettings;
  readonly #log: Log;
  /** The write under way: one at a time, so that a key never stands beside another write's chain. */
  #writing: Promise<void> = Promise.resolve();

  constructor(settings: OutputCertsSettings, deps: { readonly log: Log }) {
    this.#settings = settings;
    this.#log = deps.log;
  }

  /** Replaces what differs, after the writes before. A failure is logged: the certificate is served all the same. */
  write(texts: CertificateTexts): Promise<void> {
    this.#writing = this.#writing.then(() => this.#writeAll(texts));
    return this.#writing;
  }

  async #writeAll({ key, chain, anchors }: CertificateTexts): Promise<void> {
    try {
      await this.#writeChanged('key.pem', key);
      await this.#writeChanged('cert-chain.pem', chain);
      await this.#writeChanged('root-cert.pem', anchors);
    } catch (error) {
      this.#log.error(`error when output the resource: ${messageOf(error)}`);
    }
  }

  async #writeChanged(name: string, content: string): Promise<void> {
    const path = join(this.#settings.directory, name);
    if ((await readTextIfExists(path)) !== content) await writeFileAtomic(path, content, this.#settings.mode);
  }
}
