// The client of the mesh's certificate authority: one CreateCertificate call with its attempts and deadlines.
// What the answer is worth is judged in ca-answer.ts. Every attempt has a connection of its own, so
// root, client certificate and token are those on disk now.
// Upstream counterpart: istio security/pkg/nodeagent/caclient/providers/citadel.

import { Client, status, type ServiceError } from '@grpc/grpc-js';

import type { Messages, MessagesLoader } from '../../proto/messages.ts';
import { backoffMs } from '../../runtime/backoff.ts';
import type { Clock } from '../../runtime/clock.ts';
import { formatDuration, SECOND_MS } from '../../runtime/duration.ts';
import { AgentError } from '../../runtime/errors.ts';
import { bytesMethod } from '../../runtime/grpc.ts';
import type { Log } from '../../runtime/log.ts';
import { SeverableCredentials } from '../../runtime/severable-credentials.ts';
import { abortable } from '../../runtime/tasks.ts';
import { withTimeLimit } from '../../runtime/time-limit.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import type { CsrMeter } from './csr-meter.ts';
import type { Dial } from '../upstream/dialer.ts';
import { RpcError } from '../upstream/rpc-error.ts';
import { CaError, CaFaults } from './ca-faults.ts';

export interface CaClientSettings {
  /** `ISTIO_META_CERT_SIGNER`; sent even when empty. */
  readonly certSigner: string;
  /** Default 10 s. */
  readonly attemptTimeoutMs?: number;
  /** All attempts and waits of one call together. Default 30 s. */
  readonly callTimeoutMs?: number;
}

export interface CaClientDeps {
  readonly dialer: { dial(signal: AbortSignal): Promise<Dial>; readonly rootName: string | undefined };
  readonly messages: MessagesLoader;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly meter: CsrMeter;
}

const METHOD = bytesMethod('/istio.v1.auth.IstioCertificateService/CreateCertificate', false);
const MAX_ATTEMPTS = 5;
const WAITS = { initialMs: 100, maxMs: 800, jitter: 0.1 };

export class CaClient implements CertificateAuthority {
  readonly #settings: CaClientSettings;
  readonly #deps: CaClientDeps;
  readonly #faults: CaFaults;
  readonly #closing = new AbortController();

  constructor(settings: CaClientSettings, deps: CaClientDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#faults = new CaFaults(deps.log);
  }

  async signCsr(csrPem: string, ttlSeconds: number, signal: AbortSignal): Promise<readonly string[]> {
    const { callTimeoutMs = 30 * SECOND_MS } = this.#settings;
    const { certificateRequest, certificateResponse } = await this.#deps.messages();
    const request = this.#request(certificateRequest, csrPem, ttlSeconds);
    const wanted = AbortSignal.any([signal, this.#closing.signal]);
    try {
      const whole = (within: AbortSignal): Promise<Buffer> => this.#attempts(request, within);
      const { certChain } = certificateResponse.decode(await this.#limited(callTimeoutMs, whole, wanted));
      if (certChain.length <= 1) throw new CaError('invalid empty CertChain');
      this.#faults.over();
      return certChain;
    } catch (error) {
      wanted.throwIfAborted();
      throw this.#faults.failed(error);
    }
  }

  /** None of its own: the answer's last element counts. */
  async rootBundle(): Promise<readonly string[]> {
    return [];
  }

  async close(): Promise<void> {
    this.#closing.abort(new AgentError('the CA client is closed'));
  }

  #request(codec: Messages['certificateRequest'], csr: string, validityDuration: number): Buffer {
    const fields = { CertSigner: { stringValue: this.#settings.certSigner } };
    return codec.encode({ csr, validityDuration, metadata: { fields } });
  }

  async #attempts(request: Buffer, signal: AbortSignal): Promise<Buffer> {
    const { attemptTimeoutMs = 10 * SECOND_MS } = this.#settings;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#limited(attemptTimeoutMs, (within) => this.#call(request, within), signal);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof RpcError && error.retryable) || attempt === MAX_ATTEMPTS) throw error;
        await this.#pause(attempt, error, signal);
      }
    }
  }

  async #pause(attempt: number, error: RpcError, signal: AbortSignal): Promise<void> {
    const { clock, random, meter } = this.#deps;
    const waitMs = backoffMs(WAITS, attempt - 1, random);
    this.#faults.repeated(attempt, waitMs, error);
    meter.retried();
    await clock.sleep(waitMs, signal);
  }

  async #call(request: Buffer, signal: AbortSignal): Promise<Buffer> {
    const { dialer } = this.#deps;
    const { target, options, metadata, shown, ...dialed } = await abortable(dialer.dial(signal), signal);
    this.#faults.dialed();
    const credentials = new SeverableCredentials(dialed.credentials);
    const client = new Client(target, credentials, options);
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const { path, requestSerialize, responseDeserialize } = METHOD;
    const onEnd = (error: ServiceError | null, response?: Buffer): void => {
      if (error) reject(new RpcError(error, { rootName: dialer.rootName, shown }, error));
      else resolve(response ?? Buffer.alloc(0));
    };
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      onEnd,
    );
    try {
      return await abortable(promise, signal);
    } catch (error) {
      credentials.sever();
      throw error;
    } finally {
      call.cancel();
      client.close();
    }
  }

  /** Runs `work` for at most `ms`; then it fails as a gRPC deadline does. */
  #limited<T>(ms: number, work: (signal: AbortSignal) => Promise<T>, parent: AbortSignal): Promise<T> {
    const details = `no answer within ${formatDuration(ms)}`;
    const late = new RpcError({ code: status.DEADLINE_EXCEEDED, details });
    return withTimeLimit({ clock: this.#deps.clock, ms, late }, parent, work);
  }
}
