// The secrets by name, for the SDS server and whoever else serves them: those of files first, then the workload's two
// from the CA. What is handed out is written to `OUTPUT_CERTS` and remembered for those who look.
// Upstream counterpart: istio security/pkg/nodeagent/cache/secretcache.go.

import type { Clock } from '../runtime/clock.ts';
import { AgentError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { aborted, runTasks, type Task } from '../runtime/tasks.ts';
import type { CertificateAuthority } from './ca/certificate-authority.ts';
import type { CsrMeter } from './ca/csr-meter.ts';
import { CaSecrets, NO_CERTIFICATE, type SecretManagerSettings } from './ca-secrets.ts';
import { SecretRegister, statusOf, type CertificateStatus, type SecretOrigin } from './certificate-status.ts';
import { followFile, type FollowDeps } from './followed-files.ts';
import { textsOf } from './output-certs.ts';
import type { FileSecretSource, RevocationList, SecretOutput } from './secret-peers.ts';
import { SecretError, TRUST_SECRET, WORKLOAD_SECRET, type SecretItem } from './secret-item.ts';
import { TrustBundle } from './trust-bundle.ts';

export type { SecretManagerSettings } from './ca-secrets.ts';

export interface SecretManagerDeps {
  /** Undefined: nothing is signed, all secrets are those of files. */
  readonly ca: CertificateAuthority | undefined;
  /** Asked before the CA; a failure of theirs is the answer. */
  readonly files?: FileSecretSource;
  readonly crl?: RevocationList;
  /** Closed with the manager. */
  readonly output?: SecretOutput;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly meter: CsrMeter;
}

const NO_CA = 'attempted to fetch secret, but ca client is nil';

export class SecretManager implements AsyncDisposable {
  readonly #deps: SecretManagerDeps;
  readonly #bundle: TrustBundle;
  /** Undefined without a CA. */
  readonly #fromCa: CaSecrets | undefined;
  readonly #register = new SecretRegister();
  readonly #listeners = new Set<(name: string) => void>();
  /** End the calls of the peers. */
  readonly #unsubscribe: readonly (() => void)[];

  constructor(settings: SecretManagerSettings, deps: SecretManagerDeps) {
    this.#deps = deps;
    this.#bundle = new TrustBundle(deps.clock);
    this.#fromCa = deps.ca && this.#caSecrets(settings, deps.ca);
    const endFiles = deps.files?.onChange((name) => this.#notify(name));
    const endCrl = deps.crl?.onChange(() => {
      for (const name of this.#register.namesOf('trust')) this.#notify(name);
    });
    this.#unsubscribe = [endFiles, endCrl].filter((end) => end !== undefined);
  }

  /** Keeps fresh what the CA gives and what is written, with or without anyone asking. Ends only by the signal. */
  run(signal: AbortSignal): Promise<void> {
    const keep: Task = (within) => this.#fromCa?.run(within) ?? aborted(within);
    const names = this.#isWritten(WORKLOAD_SECRET) ? [TRUST_SECRET, WORKLOAD_SECRET] : [];
    return runTasks(signal, [
      keep,
      ...names.map(
        (name): Task =>
          (within) =>
            this.#follow(name, within),
      ),
    ]);
  }

  /**
   * A secret of files, or from the cache; without a valid certificate one is requested, once for all who ask.
   *
   * @throws SecretError when files or CA give none, or the name means nothing
   */
  async get(name: string, signal: AbortSignal): Promise<SecretItem> {
    const item = (await this.#inFiles(name, signal)) ?? (await this.#signed(name, signal));
    if (item.kind === 'certificate') return item;
    const crlPath = await this.#deps.crl?.path(name === TRUST_SECRET ? item.rootPem : undefined);
    return crlPath === undefined ? item : { ...item, crlPath };
  }

  /** Nobody watches that name any more. */
  release(name: string): void {
    if (!isOfWorkload(name)) this.#register.forget(name);
    if (!this.#isWritten(name)) this.#deps.files?.release(name);
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
   * Signs a new certificate at once; the old one is served until then. A call during a running signing joins it.
   *
   * @throws AgentError when the CA refuses, or the certificate is not the CA's
   */
  async rotateNow(): Promise<void> {
    if (this.#fromCa === undefined || this.source === 'files') {
      throw new AgentError('the certificate is not signed by this agent');
    }
    await this.#fromCa.keeper.renew();
  }

  /** Anchors to serve besides the CA's own, each PEM; an empty list removes them. Has a new certificate signed. */
  setExtraAnchors(anchors: readonly string[]): void {
    if (!this.#bundle.setExtra(anchors)) return;
    if (this.#register.sourceOf(TRUST_SECRET) !== undefined) this.#notify(TRUST_SECRET);
    this.#fromCa?.anchorsChanged();
  }

  /** Who gives the secret `default`, as far as is known. */
  get source(): SecretOrigin {
    return this.#fromCa === undefined ? 'files' : (this.#register.sourceOf(WORKLOAD_SECRET) ?? 'ca');
  }

  /** For debug output and metrics. */
  facts(): CertificateStatus {
    return statusOf(this.source, this.#register.list(), this.#fromCa?.keeper);
  }

  /** Ends a running request, and lets a running write end. May be called twice. */
  async close(): Promise<void> {
    this.#listeners.clear();
    for (const end of this.#unsubscribe) end();
    await this.#fromCa?.close();
    await this.#deps.output?.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #caSecrets(settings: SecretManagerSettings, ca: CertificateAuthority): CaSecrets {
    return new CaSecrets(settings, {
      ...this.#deps,
      ca,
      bundle: this.#bundle,
      isNeeded: (signal) => this.#isSignedHere(signal),
      publish: (items) => this.#publish(items, 'ca'),
      notify: (name) => this.#notify(name),
    });
  }

  async #inFiles(name: string, signal: AbortSignal): Promise<SecretItem | undefined> {
    const found = await this.#deps.files?.get(name, signal);
    if (found === undefined) {
      if (this.#register.sourceOf(name) === 'files') this.#register.forget(name); // the files are gone
      return undefined;
    }
    const isMerged = found.kind === 'trust' && name === TRUST_SECRET;
    const item = isMerged ? { ...found, rootPem: this.#bundle.aroundFile(found.rootPem) } : found;
    this.#publish([item], 'files');
    return item;
  }

  async #signed(name: string, signal: AbortSignal): Promise<SecretItem> {
    if (!isOfWorkload(name)) throw new SecretError('unknown resource');
    if (this.#fromCa === undefined) throw new SecretError(`${NO_CERTIFICATE}: ${NO_CA}`);
    return this.#fromCa.get(name, signal);
  }

  /** What is written follows its files, whoever else asks for it. */
  #isWritten(name: string): boolean {
    return this.#deps.output !== undefined && isOfWorkload(name);
  }

  #follow(name: string, signal: AbortSignal): Promise<never> {
    const deps: FollowDeps = {
      read: async (one, within) => (await this.#inFiles(one, within)) !== undefined,
      onChange: (listener) => this.onChange(listener),
      clock: this.#deps.clock,
    };
    return followFile(name, deps, signal);
  }

  /** A file that stands for the certificate, be it good or bad, leaves nothing to sign. */
  async #isSignedHere(signal: AbortSignal): Promise<boolean> {
    try {
      return (await this.#inFiles(WORKLOAD_SECRET, signal)) === undefined;
    } catch {
      return false; // whoever asks for the secret is told why
    }
  }

  /** A file goes before the CA, name by name. */
  #publish(items: readonly SecretItem[], source: SecretOrigin): void {
    const given = items.filter(({ name }) => source === 'files' || this.#register.sourceOf(name) !== 'files');
    for (const item of given) this.#register.note(item, source);
    const texts = textsOf(given.filter(({ name }) => isOfWorkload(name)));
    if (Object.keys(texts).length > 0) void this.#deps.output?.write(texts);
  }

  #notify(name: string): void {
    for (const listener of this.#listeners) listener(name);
  }
}

function isOfWorkload(name: string): boolean {
  return name === WORKLOAD_SECRET || name === TRUST_SECRET;
}
