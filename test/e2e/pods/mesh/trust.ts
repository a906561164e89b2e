// The root and the keys of the mesh: made before the control plane runs, which finds them in its state directory.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { TokenIssuer } from '../../../../src/discovery/auth/token-issuer.ts';
import { openRoot, ROOT_CERTIFICATE_FILE } from '../../../../src/discovery/ca/root.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import type { TokenRequest } from '../kubelet/contract.ts';

export class Trust {
  /** The files of a state directory. */
  readonly files: ReadonlyMap<string, string>;
  readonly #issuer: TokenIssuer;

  private constructor(files: ReadonlyMap<string, string>, issuer: TokenIssuer) {
    this.files = files;
    this.#issuer = issuer;
  }

  static async make(): Promise<Trust> {
    await using folder = await temporaryDirectory();
    await openRoot(folder.path, undefined, Date.now());
    const issuer = await TokenIssuer.open(folder.path);
    const names = await readdir(folder.path);
    const files = names.map(async (name) => [name, await readFile(join(folder.path, name), 'utf8')] as const);
    return new Trust(new Map(await Promise.all(files)), issuer);
  }

  get rootCertificate(): string {
    return this.files.get(ROOT_CERTIFICATE_FILE) ?? '';
  }

  /** Every token is good for the control plane, whatever audience was asked for. */
  token({ namespace, serviceAccount, expirationSeconds }: TokenRequest): Promise<string> {
    return this.#issuer.issue({ namespace, serviceAccount }, Date.now(), expirationSeconds);
  }
}
