// One secret of files for as long as somebody asks for it: what was read last, until something else that can be
// served is there. Files that have vanished, or are half replaced, take nothing away.

import type { CauseLog } from '../../runtime/cause-log.ts';
import { messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import type { SecretItem } from '../secret-item.ts';
import { pathsOf, readSecretFiles, secretIn, type FileContent, type SecretFiles } from './secret-files.ts';

export interface LoadedSecret {
  readonly item: SecretItem;
  readonly digest: string;
}

export interface HeldSecretDeps {
  readonly log: Log;
  /** For this secret alone. */
  readonly faults: CauseLog;
  readonly changed: () => void;
}

export class HeldSecret {
  readonly #name: string;
  readonly #files: SecretFiles;
  readonly #deps: HeldSecretDeps;
  #loaded: LoadedSecret;
  /** The last look; the next one follows it, so that older content never replaces newer. */
  #examined: Promise<void> = Promise.resolve();

  constructor(name: string, files: SecretFiles, loaded: LoadedSecret, deps: HeldSecretDeps) {
    this.#name = name;
    this.#files = files;
    this.#loaded = loaded;
    this.#deps = deps;
  }

  get item(): SecretItem {
    return this.#loaded.item;
  }

  /** Looks into the files; tells `changed` when there is something else to serve. Never rejects. */
  examine(): Promise<void> {
    this.#examined = this.#examined.then(() => this.#look());
    return this.#examined;
  }

  async #look(): Promise<void> {
    const { faults } = this.#deps;
    try {
      const content = await readSecretFiles(this.#files);
      if (content.digest !== this.#loaded.digest) this.#replace(content);
      faults.clear();
    } catch (error) {
      const [path] = pathsOf(this.#files);
      faults.warn(`file certificate ${path} cannot be used, its last content stays: ${messageOf(error)}`);
    }
  }

  #replace(content: FileContent): void {
    const { log, changed } = this.#deps;
    const item = secretIn(content, this.#name, this.#files, log);
    this.#loaded = { item, digest: content.digest };
    log.info(`event for file certificate ${pathsOf(this.#files)[0]} : WRITE, pushing to proxy`);
    changed();
  }
}
