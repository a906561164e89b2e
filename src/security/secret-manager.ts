// The workload's secrets by name, for the SDS server and whoever else serves them: `default` (key and chain) and
// `ROOTCA` (trust anchors). One signing request serves both. When a certificate is obtained or replaced is
// certificate-keeper.ts. Upstream counterpart: istio security/pkg/nodeagent/cache/secretcache.go.

import type { Clock } from '../runtime/clock.ts';
import { messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { abortable } from '../runtime/tasks.ts';
import type { CertificateAuthority } from './ca/ca-client.ts';
import { CertificateKeeper } from './certificate-keeper.ts';
import type { CsrMeter } from './ca/csr-meter.ts';
import type { CertificateTexts } from './output-certs.ts';
import type { RotationSettings } from './rotation.ts';
import { SecretError, TRUST_SECRET, WORKLOAD_SECRET, type SecretItem } from './secret-item.ts';
import { mergeAnchors } from './trust-bundle.ts';
import {
  obtainCertificate,
  type IdentitySettings,
  type WorkloadCertificate,
} from './ca/workload-certificate.ts';

export interface SecretManagerSettings extends IdentitySettings, RotationSettings {}

export interface SecretManagerDeps {
  readonly ca: CertificateAuthority;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly meter: CsrMeter;
  /** Told of every change, besides those who listen: `OUTPUT_CERTS`. */
  readonly output?: { readonly write: (texts: CertificateTexts) => Promise<void> };
}

/** What may be told about the certificate: no key in it. Times are milliseconds since the Unix epoch. */
export interface CertificateStatus {
  readonly serial: string | undefined;
  readonly uris: readonly string[];
  readonly notBeforeMs: number | undefined;
  readonly notAfterMs: number | undefined;
  readonly nextRotationMs: number | undefined;
  readonly lastError: string | undefined;
}

interface RetiredRoot {
  readonly pem: string;
  readonly untilMs: number;
}

export class SecretManager implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #keeper: CertificateKeeper;
  readonly #output: SecretManagerDeps['output'];
  /** The last write, which comes after those before it. */
  #written: Promise<void> = Promise.resolve();
  readonly #listeners = new Set<(name: string) => void>();
  /** Names whose request failed; whoever asked is told when there is something to get. */
  readonly #turnedAway = new Set<string>();
  /** The CA's root that holders of `default` know; only compared. */
  #knownRoot: string | undefined;
  #retired: readonly RetiredRoot[] = [];
  #extraAnchors = '';

  constructor(settings: SecretManagerSettings, deps: SecretManagerDeps) {
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#output = deps.output;
    this.#keeper = new CertificateKeeper(settings, {
      ...deps,
      obtain: (signal) => obtainCertificate(settings, deps, signal),
      onNew: (next, previous) => this.#onNew(next, previous),
    });
  }

  /** Keeps the certificate fresh, with or without anyone asking. Ends only by the signal. */
  run(signal: AbortSignal): Promise<void> {
    return this.#keeper.run(signal);
  }

  /**
   * A secret from the cache; without a valid certificate one is requested, once for all who ask.
   *
   * @throws SecretError when the CA gives none, or the name is not one of the two
   */
  async get(name: string, signal: AbortSignal): Promise<SecretItem> {
    if (name !== WORKLOAD_SECRET && name !== TRUST_SECRET) {
      throw new SecretError('unknown resource');
    }
    const certificate = await this.#certificate(name, signal);
    if (name === TRUST_SECRET) return { kind: 'trust', name, rootPem: this.#anchors(certificate) };
    this.#noteRoot(certificate);
    return {
      kind: 'certificate',
      name,
      certificateChainPem: certificate.chainPem,
      privateKeyPem: certificate.keyPem,
    };
  }

  /**
   * @param listener called with the resource name when a value was replaced, or exists after a request for it
   *   failed; trust anchors before the certificate they verify
   * @returns ends the calls
   */
  onChange(listener: (name: string) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Signs a new certificate at once; the old one is served until then. @throws AgentError when the CA refuses */
  async rotateNow(): Promise<void> {
    await this.#keeper.renew();
  }

  /** Anchors to serve besides the CA's own, each PEM; an empty list removes them. Has a new certificate signed. */
  setExtraAnchors(anchors: readonly string[]): void {
    const merged = mergeAnchors(anchors);
    if (merged === this.#extraAnchors) return;
    this.#extraAnchors = merged;
    const { latest } = this.#keeper;
    if (latest === undefined) return;
    this.#write(latest);
    this.#notify(TRUST_SECRET);
    this.#keeper.renew().catch((error: unknown) => {
      // The certificate in use stays, and its rotation comes at its time.
      this.#log.warn(`failed to renew the certificate for new trust anchors: ${messageOf(error)}`);
    });
  }

  /** For debug output and metrics. */
  facts(): CertificateStatus {
    const { latest, nextRotationMs, lastError } = this.#keeper;
    return {
      serial: latest?.serial,
      uris: latest?.uris ?? [],
      notBeforeMs: latest?.notBeforeMs,
      notAfterMs: latest?.expiresMs,
      nextRotationMs: nextRotationMs && Math.round(nextRotationMs), // the jitter has fractions
      lastError,
    };
  }

  /** Ends a running request, and lets a running write end. May be called twice. */
  async close(): Promise<void> {
    this.#listeners.clear();
    await this.#keeper.close();
    await this.#written;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #certificate(name: string, signal: AbortSignal): Promise<WorkloadCertificate> {
    const { valid } = this.#keeper;
    if (valid !== undefined) {
      const item = name === TRUST_SECRET ? 'trust anchor' : 'certificate';
      this.#log.debug(`returned workload ${item} from cache`);
      return valid;
    }
    try {
      return await abortable(this.#keeper.renew(), signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#turnedAway.add(name);
      const text = `failed to generate workload certificate: ${messageOf(error)}`;
      throw new SecretError(text, { retryable: true, cause: error });
    }
  }

  #onNew(next: WorkloadCertificate, previous: WorkloadCertificate | undefined): void {
    if (previous !== undefined && previous.rootPem !== next.rootPem) this.#retire(previous);
    this.#write(next);
    if (previous !== undefined) {
      this.#noteRoot(next);
      this.#notify(WORKLOAD_SECRET);
    } else {
      for (const name of [TRUST_SECRET, WORKLOAD_SECRET]) if (this.#turnedAway.has(name)) this.#notify(name);
    }
    this.#turnedAway.clear();
  }

  #write(certificate: WorkloadCertificate): void {
    const { keyPem: key, chainPem: chain } = certificate;
    const written = this.#output?.write({ key, chain, anchors: this.#anchors(certificate) });
    if (written !== undefined) this.#written = written;
  }

  /** Peers may present certificates of the old root for as long as ours would have been valid. */
  #retire({ rootPem, expiresMs }: WorkloadCertificate): void {
    const nowMs = this.#clock.now();
    const before = this.#retired.filter(({ untilMs, pem }) => untilMs > nowMs && pem !== rootPem);
    this.#retired = [...before, { pem: rootPem, untilMs: expiresMs }];
  }

  #noteRoot({ rootPem }: WorkloadCertificate): void {
    if (rootPem === this.#knownRoot) return;
    if (this.#knownRoot !== undefined) this.#log.info('Root cert has changed, start rotating root cert');
    this.#knownRoot = rootPem;
    this.#notify(TRUST_SECRET);
  }

  #anchors({ rootPem }: WorkloadCertificate): string {
    const nowMs = this.#clock.now();
    const retired = this.#retired.filter(({ untilMs }) => untilMs > nowMs).map(({ pem }) => pem);
    return mergeAnchors([rootPem, ...retired, this.#extraAnchors]);
  }

  #notify(name: string): void {
    for (const listener of this.#listeners) listener(name);
  }
}
