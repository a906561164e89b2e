// Where the secrets come from, as the SDS server sees it.

import type { SecretItem } from '../security/secret-item.ts';

export interface SecretSource {
  /**
   * The secret of that name as it is now; may take as long as making it takes.
   *
   * @throws when there is none or nobody knows the name; the stream that asked ends with the words of the error
   */
  get(name: string, signal: AbortSignal): Promise<SecretItem>;
  /** No stream watches that name any more. */
  release(name: string): void;
  /**
   * @param listener called with the name of every secret that has a new value
   * @returns ends the calls
   */
  onChange(listener: (name: string) => void): () => void;
}
