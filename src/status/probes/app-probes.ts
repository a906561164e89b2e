// The application's probes and lifecycle hooks, which the injector has pointed at the status port: finds the prober of
// a path, asks the application within its time limit, and tells the kubelet what came of it.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/server.go handleAppProbe.

import type { IncomingMessage, ServerResponse } from 'node:http';

import type { AppProbe, AppProber, AppProbers } from '../../config/app-probers.ts';
import type { Clock } from '../../runtime/clock.ts';
import { formatDuration, SECOND_MS } from '../../runtime/duration.ts';
import { hostPort } from '../../runtime/host-port.ts';
import type { Log } from '../../runtime/log.ts';
import { WaitingLine } from '../../runtime/waiting-line.ts';
import { sendText } from '../replies.ts';
import { targetOf } from '../request-target.ts';
import type { ProbeAddresses } from './addresses.ts';
import { AppConnections } from './app-connections.ts';
import { connectOptions } from './connection.ts';
import { failureLine, visible } from './failure-line.ts';
import { httpProbe, type HttpProbing } from './http-probe.ts';
import { ProbeError, ProbeTimeout, type ProbeResult } from './probe.ts';
import { CrowdedError, Slots } from './slots.ts';
import { tcpProbe } from './tcp-probe.ts';

export interface AppProbeSettings extends ProbeAddresses {
  readonly probers: AppProbers;
  /** The port that the kubelet was pointed at; in a Host it gives way to the application's. */
  readonly statusPort: number;
  /** ISTIO_ENABLE_HTTP2_PROBING. */
  readonly http2: boolean;
  /** ENABLE_PROBE_KEEPALIVE_CONNECTIONS. */
  readonly keepAlive: boolean;
}

export interface AppProbeDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Requests of one prober that reach the application at a time, and that wait for it. A kubelet has one under way; the
 * rest is for whoever else looks. Anybody in the cluster can send more, and those are turned away: they would take the
 * connections that readiness needs. Each prober has its own, so that nobody waits behind another's application.
 */
const AT_A_TIME = 32;
const WAITING = 64;

/** The time limit where none is given, seconds: the others wait for as long as their callers do. */
const DEFAULT_SECONDS = { http: Infinity, tcp: Infinity, grpc: 1 };

type Limits = WaitingLine<() => void>;

interface Served {
  readonly path: string;
  readonly probe: AppProbe;
  readonly timeoutMs: number;
  /** Told when their time is over. */
  readonly limits: Limits;
  readonly slots: Slots;
}

export class AppProbes implements AsyncDisposable {
  readonly #settings: AppProbeSettings;
  readonly #log: Log;
  readonly #connections: AppConnections;
  readonly #http: HttpProbing;
  readonly #closing = new AbortController();
  readonly #served: ReadonlyMap<string, Served>;

  constructor(settings: AppProbeSettings, { clock, log }: AppProbeDeps) {
    this.#settings = settings;
    this.#log = log;
    this.#connections = new AppConnections({ ...settings, clock });
    this.#http = { ...settings, get: (request, signal) => this.#connections.get(request, signal) };
    const { signal } = this.#closing;
    const limits = (ms: number): Limits => new WaitingLine((late) => late(), ms, { clock, signal });
    this.#served = new Map(
      [...settings.probers].map(([path, prober]) => [path, served(path, prober, limits)]),
    );
  }

  /** Answers a request below `/app-health/` or `/app-lifecycle/`. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = targetOf(request)?.path ?? '';
    const served = this.#served.get(path);
    if (served === undefined) {
      this.#log.error(`Prober does not exists url ${visible(path)}`);
      return sendText(response, 400, `app prober config does not exists for ${path}`);
    }
    const { status, body } = await this.#answer(served, request, response);
    response.statusCode = status;
    response.end(body);
  }

  /** Closes the connections that are kept; probes under way end with their callers' connections. */
  close(): Promise<void> {
    this.#closing.abort();
    return this.#connections.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #answer(served: Served, request: IncomingMessage, response: ServerResponse): Promise<ProbeResult> {
    const ending = new AbortController();
    const leave = (): void => ending.abort(new ProbeError('the caller did not wait for the answer'));
    response.once('close', leave);
    const late = (): void => {
      ending.abort(new ProbeTimeout(`no answer within ${formatDuration(served.timeoutMs)}`));
    };
    served.limits.add(late);
    try {
      return await this.#ask(served, request, ending.signal);
    } catch (error) {
      if (error instanceof CrowdedError) return { status: 503 }; // without a line: there may be thousands
      const fields = served.probe.kind === 'grpc' ? { path: served.path } : {}; // its words have no place for it
      this.#log.error(failureLine(served.probe, served.path, error), fields);
      return { status: 500 };
    } finally {
      served.limits.delete(late);
      response.off('close', leave); // a connection that is kept serves others now
    }
  }

  async #ask(served: Served, request: IncomingMessage, signal: AbortSignal): Promise<ProbeResult> {
    await served.slots.take(signal);
    try {
      return await this.#probe(served, request, signal);
    } finally {
      served.slots.release();
    }
  }

  async #probe(
    { probe, timeoutMs }: Served,
    { rawHeaders, headers }: IncomingMessage,
    signal: AbortSignal,
  ): Promise<ProbeResult> {
    const { source, destination } = this.#settings;
    const address = { host: destination, port: probe.port };
    switch (probe.kind) {
      case 'http':
        return httpProbe(probe, { rawHeaders, host: headers.host ?? '' }, this.#http, signal);
      case 'tcp':
        return tcpProbe(connectOptions(source, address), signal);
      case 'grpc': {
        const { grpcProbe } = await import('./grpc-probe.ts');
        const userAgent = headers['user-agent'];
        const connection = connectOptions(source, address);
        const authority = hostPort(address);
        return grpcProbe({ service: probe.service, connection, authority, userAgent, timeoutMs }, signal);
      }
    }
  }
}

function served(path: string, { probe, timeoutSeconds }: AppProber, limits: (ms: number) => Limits): Served {
  const seconds = timeoutSeconds > 0 ? timeoutSeconds : DEFAULT_SECONDS[probe.kind];
  const timeoutMs = seconds * SECOND_MS;
  return { path, probe, timeoutMs, limits: limits(timeoutMs), slots: new Slots(AT_A_TIME, WAITING) };
}
