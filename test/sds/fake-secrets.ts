// A secret source whose values the test sets.

import type { SecretSource } from '../../src/sds/secret-source.ts';
import type { SecretItem } from '../../src/security/secret-item.ts';

export class FakeSecrets implements SecretSource {
  readonly #items = new Map<string, SecretItem>();
  readonly #listeners = new Set<(name: string) => void>();
  /** Names asked for, in order. */
  readonly asked: string[] = [];
  /** Names nobody watches any more, in order. */
  readonly released: string[] = [];
  /** Every `get` waits for it. */
  ready: Promise<void> = Promise.resolve();

  constructor() {
    this.setCertificate('1');
    this.setRoot('1');
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  setCertificate(mark: string): void {
    const item = { certificateChainPem: `chain ${mark}`, privateKeyPem: `PRIVATE KEY ${mark}` };
    this.#items.set('default', { kind: 'certificate', name: 'default', ...item });
  }

  setRoot(mark: string, crlPath?: string): void {
    const crl = crlPath === undefined ? {} : { crlPath };
    this.#items.set('ROOTCA', { kind: 'trust', name: 'ROOTCA', rootPem: `root ${mark}`, ...crl });
  }

  set(item: SecretItem): void {
    this.#items.set(item.name, item);
  }

  lose(name: string): void {
    this.#items.delete(name);
  }

  announce(name: string): void {
    for (const listener of this.#listeners) listener(name);
  }

  async get(name: string): Promise<SecretItem> {
    this.asked.push(name);
    await this.ready;
    const item = this.#items.get(name);
    if (item === undefined) throw new Error('unknown resource');
    return item;
  }

  release(name: string): void {
    this.released.push(name);
  }

  onChange(listener: (name: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
