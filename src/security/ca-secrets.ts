// The two secrets that come from the CA: `default`, a key with its chain, and `ROOTCA`, the trust anchors. One signing
// request serves both. What is handed out, and who is told, when a certificate or its root is replaced is decided
// here; when it is replaced, in certificate-keeper.ts.

import { CauseLog } from '../runtime/cause-log.ts';
import type { Clock } from '../runtime/clock.ts';
import { formatDuration, MINUTE_MS, SECOND_MS } from '../runtime/duration.ts';
import { messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { abortable, runTasks } from '../runtime/tasks.ts';
import type { CertificateAuthority } from './ca/certificate-authority.ts';
import type { CsrMeter } from './ca/csr-meter.ts';
import type { IdentitySettings, WorkloadCertificate } from './ca/workload-certificate.ts';
import { CertificateKeeper } from './certificate-keeper.ts';
import { obtainCounted } from './counted-request.ts';
import type { RotationSettings } from './rotation.ts';
import { SecretError, TRUST_SECRET, WORKLOAD_SECRET, type SecretItem } from './secret-item.ts';
import type { TrustBundle } from './trust-bundle.ts';

export interface SecretManagerSettings extends IdentitySettings, RotationSettings {}

export interface CaSecretsDeps {
  readonly ca: CertificateAuthority;
  readonly bundle: TrustBundle;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  readonly meter: CsrMeter;
  /** False: no certificate of the CA is used now. Never rejects. */
  readonly isNeeded: (signal: AbortSignal) => Promise<boolean>;
  /** Both secrets as they are: handed out, or replaced. */
  readonly publish: (items: readonly SecretItem[]) => void;
  /** A secret has a new value, or exists after a request for it failed; trust anchors come first. */
  readonly notify: (name: string) => void;
}

export const NO_CERTIFICATE = 'failed to generate workload certificate';
/** A wait for somebody else's signing that takes longer is told, once per signing. */
const SLOW_JOIN_MS = SECOND_MS;

export class CaSecrets implements AsyncDisposable {
  readonly keeper: CertificateKeeper;
  readonly #deps: CaSecretsDeps;
  /** Names whose request failed; whoever asked is told when there is something to get. */
  readonly #turnedAway = new Set<string>();
  /** The CA's root that holders of `default` know; only compared. */
  #knownRoot: string | undefined;
  readonly #slowJoins: CauseLog;

  constructor(settings: SecretManagerSettings, deps: CaSecretsDeps) {
    this.#deps = deps;
    this.#slowJoins = new CauseLog(deps.log);
    this.keeper = new CertificateKeeper(settings, {
      ...deps,
      obtain: (signal) => obtainCounted(settings, deps, signal),
      onNew: (next, previous) => this.#onNew(next, previous),
    });
  }

  /** Keeps both fresh, with or without anyone asking. Ends only by the signal. */
  run(signal: AbortSignal): Promise<void> {
    return runTasks(signal, [(within) => this.keeper.run(within), (within) => this.#forgetRoots(within)]);
  }

  /** @param name of one of the two. @throws SecretError when the CA gives no certificate */
  async get(name: string, signal: AbortSignal): Promise<SecretItem> {
    const certificate = await this.#certificate(name, signal);
    const [workload, trust] = this.#publish(certificate);
    if (name === TRUST_SECRET) return trust;
    this.#noteRoot(certificate);
    return workload;
  }

  /** Anchors besides the CA's have changed: they are served at once, and a new certificate is signed. */
  anchorsChanged(): void {
    const { current } = this.keeper;
    if (current === undefined) return;
    this.#publish(current);
    this.keeper.renew().catch((error: unknown) => {
      // The certificate in use stays, and its rotation comes at its time.
      this.#deps.log.warn(`failed to renew the certificate for new trust anchors: ${messageOf(error)}`);
    });
  }

  /** Ends a running request. May be called twice. */
  close(): Promise<void> {
    return this.keeper.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #certificate(name: string, signal: AbortSignal): Promise<WorkloadCertificate> {
    const { log, clock } = this.#deps;
    const { valid } = this.keeper;
    if (valid !== undefined) {
      const item = name === TRUST_SECRET ? 'trust anchor' : 'certificate';
      log.info(`returned workload ${item} from cache`, {
        ttl: formatDuration(valid.expiresMs - clock.now()),
      });
      return valid;
    }
    try {
      return await abortable(this.#signed(), signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#turnedAway.add(name);
      throw new SecretError(`${NO_CERTIFICATE}: ${messageOf(error)}`, { retryable: true, cause: error });
    }
  }

  async #signed(): Promise<WorkloadCertificate> {
    const { clock } = this.#deps;
    const [isJoined, startMs] = [this.keeper.isSigning, clock.monotonicMs()];
    const certificate = await this.keeper.renew(); // why one fails is told by the keeper
    const tookMs = clock.monotonicMs() - startMs;
    if (isJoined && tookMs > SLOW_JOIN_MS) {
      this.#slowJoins.warn(`slow generate secret lock: ${formatDuration(tookMs)}`, {}, certificate.serial);
    }
    return certificate;
  }

  #onNew(next: WorkloadCertificate, previous: WorkloadCertificate | undefined): void {
    const { bundle, notify, log } = this.#deps;
    const isNewRoot = previous !== undefined && previous.rootPem !== next.rootPem;
    if (isNewRoot) {
      log.info('Root cert has changed, start rotating root cert');
      bundle.retire(previous.rootPem, previous.expiresMs);
    }
    this.#publish(next);
    if (isNewRoot) this.#noteRoot(next);
    if (previous !== undefined) notify(WORKLOAD_SECRET);
    else for (const name of [TRUST_SECRET, WORKLOAD_SECRET]) if (this.#turnedAway.has(name)) notify(name);
    this.#turnedAway.clear();
  }

  #noteRoot({ rootPem }: WorkloadCertificate): void {
    if (rootPem === this.#knownRoot) return;
    this.#knownRoot = rootPem;
    this.#deps.notify(TRUST_SECRET);
  }

  #publish(certificate: WorkloadCertificate): readonly [SecretItem, SecretItem] {
    const items = [
      {
        kind: 'certificate',
        name: WORKLOAD_SECRET,
        certificateChainPem: certificate.chainPem,
        privateKeyPem: certificate.keyPem,
      },
      { kind: 'trust', name: TRUST_SECRET, rootPem: this.#deps.bundle.around(certificate.rootPem) },
    ] as const;
    this.#deps.publish(items);
    return items;
  }

  /** A root whose time is over is taken from everybody, to the minute. */
  async #forgetRoots(signal: AbortSignal): Promise<never> {
    const { clock, bundle, notify } = this.#deps;
    for (;;) {
      await clock.sleep(MINUTE_MS, signal);
      const { current } = this.keeper;
      if (!bundle.forget() || current === undefined) continue;
      this.#publish(current);
      notify(TRUST_SECRET);
    }
  }
}
