// How the agent reaches its control plane: one dialer for the CA, one for the discovery service. Every dial reads
// root, client certificate and token again, so what is rotated on disk counts from the next connection on.
// The connection itself, its deadlines and its retries are the caller's.

import { isIPv6 } from 'node:net';
import { createSecureContext } from 'node:tls';

import {
  credentials as channelCredentials,
  type ChannelCredentials,
  type ChannelOptions,
  type Metadata,
} from '@grpc/grpc-js';

import { CauseLog } from '../../runtime/cause-log.ts';
import type { Clock } from '../../runtime/clock.ts';
import { AgentError, messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { aborted } from '../../runtime/tasks.ts';
import { callMetadata, usableClusterId, usableHeaders, type Headers } from './call-headers.ts';
import {
  readClientCertificate,
  type CertificateFiles,
  type ClientCertificate,
} from './client-certificate.ts';
import { routeTo, type HttpProxyVariables, type Route } from './http-proxy.ts';
import { TunnelCredentials } from './http-tunnel.ts';
import type { Root } from './roots.ts';
import { TlsCredentials } from './tls-credentials.ts';
import { tlsPolicy, type TlsPolicy } from './tls-policy.ts';
import type { TokenSource } from './token-source.ts';
import { nameOf as rootName, readTrustAnchors } from './trust-anchors.ts';

/** All that a gRPC client needs for one connection. */
export interface Dial {
  readonly target: string;
  readonly credentials: ChannelCredentials;
  readonly options: ChannelOptions;
  /** `authorization` when there is a token, `clusterid`, and the user's headers. */
  readonly metadata: Metadata;
  /** The credentials in it, in words, for messages about their refusal. */
  readonly shown: string;
}

/** Trust anchors over time. */
export interface AnchorSource {
  /** Each as PEM. @throws TrustAnchorError when there are none */
  readonly read: () => Promise<string[]>;
  /** Watches over them until the signal aborts. */
  readonly run: (signal: AbortSignal) => Promise<void>;
}

export interface TlsSettings {
  readonly root: Root;
  /** Default: what `root` holds at each dial. */
  readonly anchors?: AnchorSource;
  /** Name the server's certificate must carry; also SNI and `:authority`. */
  readonly serverName: string;
  readonly clientCertificate: CertificateFiles | undefined;
  /** `COMPLIANCE_POLICY`, or empty. */
  readonly compliancePolicy: string;
}

export interface UpstreamSettings extends Partial<HttpProxyVariables> {
  /** `host:port`; resolved by the system at each connect, or by the proxy on the way. */
  readonly address: string;
  /** Undefined: plaintext. */
  readonly tls: TlsSettings | undefined;
  readonly clusterId: string;
  readonly headers: Headers;
  readonly keepaliveMs: number;
  readonly keepaliveTimeoutMs: number;
}

export interface UpstreamDeps {
  readonly token: TokenSource;
  readonly clock: Clock;
  readonly log: Log;
}

/** A dial that cannot be set up now: root or key file unreadable, or not a pair. */
export class DialError extends AgentError {}

const WINDOW_BYTES = 1024 * 1024;
const MAX_RECEIVE_BYTES = 2 ** 31 - 1;
/** What the control plane's certificate is issued for when it is reached through a local forwarder. */
const LOCALHOST_SERVER_NAME = 'istiod.istio-system.svc';

/**
 * The name to verify: the override, or the host of the address; an address at localhost means the control plane.
 *
 * @param override `ISTIOD_SAN` where it applies, or empty
 * @see istio 1.31 pkg/istio-agent/agent.go
 */
export function serverNameOf(address: string, override: string): string {
  if (override !== '') return override;
  const host = address.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
  return host.includes('localhost') ? LOCALHOST_SERVER_NAME : host;
}

function authorityOf({ serverName }: TlsSettings): string {
  return isIPv6(serverName) ? `[${serverName}]` : serverName;
}

export class UpstreamDialer {
  readonly #settings: UpstreamSettings;
  readonly #deps: UpstreamDeps;
  readonly #headers: Headers;
  readonly #clusterId: string;
  readonly #policy: TlsPolicy;
  readonly #certificateFaults: CauseLog;
  readonly #route: Route;

  /** @throws ConfigError when `HTTPS_PROXY` counts and is no URL */
  constructor(settings: UpstreamSettings, deps: UpstreamDeps) {
    this.#settings = settings;
    this.#deps = deps;
    this.#headers = usableHeaders(settings.headers, deps.log);
    this.#clusterId = usableClusterId(settings.clusterId, deps.log);
    this.#policy = tlsPolicy(settings.tls?.compliancePolicy ?? '', deps.log);
    this.#certificateFaults = new CauseLog(deps.log);
    const { address, httpsProxy = '', noProxy = '' } = settings;
    this.#route = routeTo(address, { httpsProxy, noProxy });
  }

  /** For messages: where the anchors of the connection come from, or undefined for plaintext. */
  get rootName(): string | undefined {
    const { tls } = this.#settings;
    return tls && rootName(tls.root);
  }

  /** @throws DialError | TrustAnchorError, or the token source's; all may pass when the files are corrected */
  async dial(signal: AbortSignal): Promise<Dial> {
    const { tls } = this.#settings;
    const pair = await this.#clientCertificate(tls?.clientCertificate);
    const credentials = tls ? await this.#secure(tls, pair) : channelCredentials.createInsecure();
    const token = await this.#deps.token.read(signal);
    const { target, tunnel } = this.#route;
    return {
      target,
      credentials: tunnel ? new TunnelCredentials(credentials, tunnel) : credentials,
      shown: this.#shown(token, pair),
      options: this.#channelOptions(),
      metadata: callMetadata(token, this.#clusterId, this.#headers),
    };
  }

  /** Watches over what every dial reads, until the signal aborts. */
  run(signal: AbortSignal): Promise<void> {
    return this.#settings.tls?.anchors?.run(signal) ?? aborted(signal);
  }

  #channelOptions(): ChannelOptions {
    const { address, tls, keepaliveMs, keepaliveTimeoutMs } = this.#settings;
    return {
      'grpc.keepalive_time_ms': keepaliveMs,
      'grpc.keepalive_timeout_ms': keepaliveTimeoutMs,
      'grpc.keepalive_permit_without_calls': 0,
      'grpc.max_receive_message_length': MAX_RECEIVE_BYTES,
      'grpc-node.flow_control_window': WINDOW_BYTES,
      // A connection is made with the files of its own dial, never taken over from an earlier one.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.service_config_disable_resolution': 1,
      'grpc.enable_retries': 0,
      'grpc.enable_http_proxy': 0, // the route is chosen already
      'grpc.default_authority': tls ? authorityOf(tls) : address,
    };
  }

  #shown(token: string | undefined, pair: ClientCertificate | undefined): string {
    const { expiresMs = Infinity } = this.#deps.token;
    const tokenText = expiresMs <= this.#deps.clock.now() ? 'an expired token' : 'a token';
    const texts = [...(token === undefined ? [] : [tokenText]), ...(pair ? ['a client certificate'] : [])];
    return texts.join(' and ') || 'neither token nor client certificate';
  }

  async #secure(tls: TlsSettings, pair: ClientCertificate | undefined): Promise<ChannelCredentials> {
    const ca = await (tls.anchors ? tls.anchors.read() : readTrustAnchors(tls.root));
    try {
      const context = createSecureContext({
        ...this.#policy,
        ca,
        ...(pair && { cert: pair.chain, key: pair.key }),
      });
      return new TlsCredentials({ context, serverName: tls.serverName });
    } catch (error) {
      throw new DialError(`failed to set up TLS: ${messageOf(error)}`, { retryable: true, cause: error });
    }
  }

  async #clientCertificate(files: CertificateFiles | undefined): Promise<ClientCertificate | undefined> {
    if (files === undefined) return undefined;
    try {
      return await readClientCertificate(files, this.#deps.clock, this.#certificateFaults);
    } catch (error) {
      const problem = `failed to load the client certificate's key: ${messageOf(error)}`;
      throw new DialError(problem, { retryable: true, cause: error });
    }
  }
}
