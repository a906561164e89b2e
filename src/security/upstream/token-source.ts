// The workload's bearer token, read from its file at every use: kubelet replaces a projected token at 80 % of its
// life, and re-reading is the whole renewal. The token is not parsed, and shown to nobody.
// Upstream counterpart: istio security/pkg/credentialfetcher/plugin/token.go.

import { readFile } from 'node:fs/promises';

import { messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { CauseLog } from '../../runtime/cause-log.ts';

/** What a header can carry; anything else would be refused, with its value in the error. */
const HEADER_TEXT = /^[\x20-\x7e]+$/;

export class TokenSource {
  readonly #path: string;
  readonly #faults: CauseLog;

  /** @param deps path: absolute, or relative to the process's directory */
  constructor(deps: { readonly path: string; readonly log: Log }) {
    this.#path = deps.path;
    this.#faults = new CauseLog(deps.log);
  }

  /**
   * The token without surrounding blanks. Undefined when there is none to send: a client certificate may still
   * do, so a missing token is warned about and never an error.
   */
  async read(): Promise<string | undefined> {
    const token = await this.#readFile();
    if (token === undefined) return undefined;
    if (!HEADER_TEXT.test(token)) {
      const problem = token === '' ? 'is empty' : 'holds characters that a header cannot carry';
      this.#faults.warn(`failed to fetch token from file: ${this.#path} ${problem}`);
      return undefined;
    }
    this.#faults.clear();
    return token;
  }

  async #readFile(): Promise<string | undefined> {
    try {
      return (await readFile(this.#path, 'utf8')).trim();
    } catch (error) {
      this.#faults.warn(`failed to fetch token from file: ${messageOf(error)}`);
      return undefined;
    }
  }
}
