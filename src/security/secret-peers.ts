// What the secret manager needs of others besides the CA: the secrets of files, the revocation list, and the place to
// which secrets are written.

import type { CertificateTexts } from './output-certs.ts';
import type { SecretItem } from './secret-item.ts';

/** Secrets that files hold. */
export interface FileSecretSource {
  /** @returns undefined when no file stands for this name now. @throws SecretError */
  get(name: string, signal: AbortSignal): Promise<SecretItem | undefined>;
  /** @returns ends the calls */
  onChange(listener: (name: string) => void): () => void;
  /** Nobody asks for that name any more: its files need not be watched. */
  release(name: string): void;
}

/** The list of revoked certificates that goes with every set of trust anchors. */
export interface RevocationList {
  /**
   * Absolute; undefined while there is none.
   *
   * @param anchorsPem the workload's trust anchors, when it is they that the list goes with
   */
  path(anchorsPem?: string): Promise<string | undefined>;
  /** @param listener called when the list has appeared or gone. @returns ends the calls */
  onChange(listener: () => void): () => void;
}

/** Where `default` and `ROOTCA` are written besides. */
export interface SecretOutput {
  /** Replaces what is given and differs; a key comes with its chain. Never rejects. */
  write(texts: Partial<CertificateTexts>): Promise<void>;
  /** Lets a running write end. May be called twice. */
  close(): Promise<void>;
}
