// What may be told about the secrets that are in use: subjects, names, times, fingerprints, and no key. For debug
// pages and metrics; certificates are parsed when somebody looks, once per value.

import type { X509Certificate } from 'node:crypto';

import { certificateFacts, readableCertificates, type CertificateFacts } from '../pki/certificates.ts';
import type { CertificateKeeper, RotationCounts } from './certificate-keeper.ts';
import { WORKLOAD_SECRET, type SecretItem } from './secret-item.ts';

/** Times are milliseconds since the Unix epoch. */
export interface CertificateStatus {
  /** Who gives the secret `default`. */
  readonly source: SecretOrigin;
  /** Of the leaf of `default`; undefined and empty before it was handed out. */
  readonly serial: string | undefined;
  readonly uris: readonly string[];
  readonly notBeforeMs: number | undefined;
  readonly notAfterMs: number | undefined;
  /** Of the CA's certificate; undefined while there is none. */
  readonly nextRotationMs: number | undefined;
  /** When the CA last gave a certificate. */
  readonly lastSuccessMs: number | undefined;
  readonly rotations: RotationCounts;
  readonly lastError: string | undefined;
  /** Every secret in use. */
  readonly secrets: readonly SecretStatus[];
}

export type SecretOrigin = 'ca' | 'files';

export interface SecretStatus {
  readonly name: string;
  readonly kind: SecretItem['kind'];
  readonly source: SecretOrigin;
  /** The leaf first, if it is a chain. */
  readonly certificates: readonly CertificateStatusFacts[];
}

export interface CertificateStatusFacts extends CertificateFacts {
  /** All alternative names as openssl prints them, `URI:spiffe://…, DNS:…`. */
  readonly sans: string;
}

/** @param keeper of the CA's certificate; undefined: there is no CA */
export function statusOf(
  source: SecretOrigin,
  secrets: readonly SecretStatus[],
  keeper: CertificateKeeper | undefined,
): CertificateStatus {
  const leaf = secrets.find(({ name }) => name === WORKLOAD_SECRET)?.certificates[0];
  return {
    source,
    serial: leaf?.serial,
    uris: leaf?.uris ?? [],
    notBeforeMs: leaf?.notBeforeMs,
    notAfterMs: leaf?.notAfterMs,
    nextRotationMs: keeper?.nextRotationMs,
    lastSuccessMs: keeper?.lastSuccessMs,
    rotations: keeper?.rotations ?? { success: 0, failure: 0 },
    lastError: keeper?.lastError,
    secrets,
  };
}

interface Entry {
  readonly pem: string;
  readonly status: Omit<SecretStatus, 'certificates'>;
  facts?: readonly CertificateStatusFacts[];
}

/** The secrets in use by name, without their keys. */
export class SecretRegister {
  readonly #entries = new Map<string, Entry>();

  note(item: SecretItem, source: SecretOrigin): void {
    const { name, kind } = item;
    const pem = item.kind === 'trust' ? item.rootPem : item.certificateChainPem;
    const known = this.#entries.get(name);
    if (known?.pem === pem && known.status.source === source) return;
    this.#entries.set(name, { pem, status: { name, kind, source } });
  }

  forget(name: string): void {
    this.#entries.delete(name);
  }

  sourceOf(name: string): SecretOrigin | undefined {
    return this.#entries.get(name)?.status.source;
  }

  namesOf(kind: SecretItem['kind']): readonly string[] {
    return [...this.#entries.values()]
      .map(({ status }) => status)
      .flatMap((one) => (one.kind === kind ? one.name : []));
  }

  list(): readonly SecretStatus[] {
    return [...this.#entries.values()].map((entry) => {
      const { name, kind, source } = entry.status;
      return { name, kind, source, certificates: (entry.facts ??= factsOf(entry.pem)) };
    });
  }
}

function factsOf(pem: string): readonly CertificateStatusFacts[] {
  return certificatesOf(pem).map((one) =>
    Object.assign(certificateFacts(one), { sans: one.subjectAltName ?? '' }),
  );
}

function certificatesOf(pem: string): readonly X509Certificate[] {
  try {
    return readableCertificates(pem);
  } catch {
    return []; // broken Base64: Envoy will say so to whoever asked for it, here it only cannot be shown
  }
}
