// A workload with a CA of its own: the certificates that a server for secrets of the tests has to give.

import type { X509Certificate } from 'node:crypto';

import { certificatePem } from '../../../src/pki/certificates.ts';
import { issueLeaf, issueRoot, type Issuer } from '../../../src/pki/issue.ts';
import { generateKeys, privateKeyPem, type KeyPair } from '../../../src/pki/keys.ts';
import type { SecretSource } from '../../../src/sds/secret-source.ts';
import type { SecretItem } from '../../../src/security/secret-item.ts';

const HOUR_MS = 3_600_000;

interface Certified {
  readonly keys: KeyPair;
  readonly certificate: X509Certificate;
}

export class SdsWorkload implements SecretSource, AsyncDisposable {
  readonly root: X509Certificate;
  readonly #spiffeId: string;
  readonly #issuer: Issuer;
  readonly #listeners = new Set<(name: string) => void>();
  #current: Certified;

  static async create(spiffeId: string): Promise<SdsWorkload> {
    const keys = await generateKeys({ type: 'ec', curve: 'P-256' });
    const root = await issueRoot(keys, { organization: 'test', ...validity() });
    const issuer = { certificate: root, privateKey: keys.privateKey };
    return new SdsWorkload(spiffeId, issuer, await certified(issuer, spiffeId));
  }

  private constructor(spiffeId: string, issuer: Issuer, current: Certified) {
    this.root = issuer.certificate;
    this.#spiffeId = spiffeId;
    this.#issuer = issuer;
    this.#current = current;
  }

  get certificate(): X509Certificate {
    return this.#current.certificate;
  }

  async rotate(): Promise<void> {
    this.#current = await certified(this.#issuer, this.#spiffeId);
    for (const listener of this.#listeners) listener('default');
  }

  get(name: string): Promise<SecretItem> {
    if (name === 'ROOTCA')
      return Promise.resolve({ kind: 'trust', name, rootPem: certificatePem(this.root) });
    const { keys, certificate } = this.#current;
    return Promise.resolve({
      kind: 'certificate',
      name,
      certificateChainPem: certificatePem(certificate),
      privateKeyPem: privateKeyPem(keys.privateKey, true),
    });
  }

  release(): void {
    // its secrets are kept whoever watches them
  }

  onChange(listener: (name: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
  }
}

async function certified(issuer: Issuer, spiffeId: string): Promise<Certified> {
  const keys = await generateKeys({ type: 'ec', curve: 'P-256' });
  const request = { publicKey: keys.publicKey, names: [spiffeId], ...validity() };
  return { keys, certificate: await issueLeaf(issuer, request) };
}

function validity(): { notBeforeMs: number; notAfterMs: number } {
  return { notBeforeMs: Date.now() - HOUR_MS, notAfterMs: Date.now() + HOUR_MS };
}
