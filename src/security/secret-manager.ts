// The secrets by name, for the SDS server and whoever else serves them: files first, then `default` (key and chain)
// and `ROOTCA` (trust anchors) from the CA, one signing request for both. When a certificate is obtained or replaced
// is certificate-keeper.ts. Upstream counterpart: istio security/pkg/nodeagent/cache/secretcache.go.

import type { Clock } from '../runtime/clock.ts';
import { AgentError, messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { abortable, aborted } from '../runtime/tasks.ts';
import type { CertificateAuthority } from './ca/certificate-authority.ts';
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
  /** Absolute; undefined while there is none. */
  path(): Promise<string | undefined>;
  /** @param listener called when the list has appeared or gone. @returns ends the calls */
  onChange(listener: () => void): () => void;
}

export interface SecretManagerDeps {
  /** Undefined: nothing is signed, all secrets are those of files. */
  readonly ca: CertificateAuthority | undefined;
  /** Asked before the CA; a failure of theirs is the answer. */
  readonly files?: FileSecretSource;
  readonly crl?: RevocationList;
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
  readonly source: 'ca' | 'files';
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

const PROBLEM = 'failed to generate workload certificate';
const NO_CA = 'attempted to fetch secret, but ca client is nil';

export class SecretManager implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #log: Log;
  /** Undefined without a CA. */
  readonly #keeper: CertificateKeeper | undefined;
  readonly #files: FileSecretSource | undefined;
  readonly #crl: RevocationList | undefined;
  readonly #output: SecretManagerDeps['output'];
  /** End the calls of the peers. */
  readonly #unsubscribe: readonly (() => void)[];
  /** Names that were last answered from files. */
  readonly #inFiles = new Set<string>();
  /** Trust anchors that somebody asked for. */
  readonly #trustNames = new Set<string>();
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
    this.#files = deps.files;
    this.#crl = deps.crl;
    const { ca } = deps;
    this.#keeper =
      ca &&
      new CertificateKeeper(settings, {
        ...deps,
        obtain: (signal) => obtainCertificate(settings, { ...deps, ca }, signal),
        onNew: (next, previous) => this.#onNew(next, previous),
      });
    this.#unsubscribe = [
      deps.files?.onChange((name) => this.#notify(name)),
      deps.crl?.onChange(() => this.#trustNames.forEach((name) => this.#notify(name))),
    ].filter((end) => end !== undefined);
  }

  /** Keeps the certificate fresh, with or without anyone asking; waits without a CA. Ends only by the signal. */
  run(signal: AbortSignal): Promise<void> {
    return this.#keeper === undefined ? aborted(signal) : this.#keeper.run(signal);
  }

  /**
   * A secret of files, or from the cache; without a valid certificate one is requested, once for all who ask.
   *
   * @throws SecretError when files or CA give none, or the name means nothing
   */
  async get(name: string, signal: AbortSignal): Promise<SecretItem> {
    const item = (await this.#fromFiles(name, signal)) ?? (await this.#fromCa(name, signal));
    if (item.kind === 'certificate') return item;
    this.#trustNames.add(name);
    const crlPath = await this.#crl?.path();
    return crlPath === undefined ? item : { ...item, crlPath };
  }

  /** Nobody watches that name any more. */
  release(name: string): void {
    this.#inFiles.delete(name);
    this.#trustNames.delete(name);
    this.#files?.release(name);
  }

  async #fromFiles(name: string, signal: AbortSignal): Promise<SecretItem | undefined> {
    const item = await this.#files?.get(name, signal);
    if (item === undefined) {
      this.#inFiles.delete(name);
      return undefined;
    }
    this.#inFiles.add(name);
    if (item.kind === 'certificate' || name !== TRUST_SECRET) return item;
    return { ...item, rootPem: mergeAnchors([item.rootPem, this.#extraAnchors]) };
  }

  async #fromCa(name: string, signal: AbortSignal): Promise<SecretItem> {
    if (name !== WORKLOAD_SECRET && name !== TRUST_SECRET) throw new SecretError('unknown resource');
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

  /**
   * Signs a new certificate at once; the old one is served until then.
   *
   * @throws AgentError when the CA refuses, or the certificate is not the CA's
   */
  async rotateNow(): Promise<void> {
    if (this.#keeper === undefined || this.#inFiles.has(WORKLOAD_SECRET)) {
      throw new AgentError('the certificate is not signed by this agent');
    }
    await this.#keeper.renew();
  }

  /** Anchors to serve besides the CA's own, each PEM; an empty list removes them. Has a new certificate signed. */
  setExtraAnchors(anchors: readonly string[]): void {
    const merged = mergeAnchors(anchors);
    if (merged === this.#extraAnchors) return;
    this.#extraAnchors = merged;
    if (this.#inFiles.has(TRUST_SECRET)) this.#notify(TRUST_SECRET);
    const { latest } = this.#keeper ?? {};
    if (latest === undefined) return;
    this.#write(latest);
    if (!this.#inFiles.has(TRUST_SECRET)) this.#notify(TRUST_SECRET);
    this.#keeper?.renew().catch((error: unknown) => {
      // The certificate in use stays, and its rotation comes at its time.
      this.#log.warn(`failed to renew the certificate for new trust anchors: ${messageOf(error)}`);
    });
  }

  /** For debug output and metrics. */
  facts(): CertificateStatus {
    const { latest, nextRotationMs, lastError } = this.#keeper ?? {};
    return {
      source: this.#keeper === undefined || this.#inFiles.has(WORKLOAD_SECRET) ? 'files' : 'ca',
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
    for (const end of this.#unsubscribe) end();
    await this.#keeper?.close();
    await this.#written;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #certificate(name: string, signal: AbortSignal): Promise<WorkloadCertificate> {
    if (this.#keeper === undefined) throw new SecretError(`${PROBLEM}: ${NO_CA}`);
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
      throw new SecretError(`${PROBLEM}: ${messageOf(error)}`, { retryable: true, cause: error });
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
