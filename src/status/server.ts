// The HTTP server of the status port: opens it, and closes it in two steps. What it answers is in routes.ts.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/server.go, where a taken port is only logged.

import type { IncomingMessage, Server, ServerResponse } from 'node:http';

import type { ScrapeTarget } from '../config/scrape-targets.ts';
import type { Clock } from '../runtime/clock.ts';
import { ConfigError, errnoOf, messageOf } from '../runtime/errors.ts';
import { createServer } from '../runtime/http.ts';
import type { Log } from '../runtime/log.ts';
import type { AgentActions } from './actions.ts';
import { CompressingResponse } from './compressing-response.ts';
import { CONNECTION_LIMITS, guardConnections, type ConnectionLimits } from './connections.ts';
import { dispatch } from './dispatch.ts';
import { gauge, type Metric } from './metrics/metric.ts';
import { MetricsPage } from './metrics/metrics-page.ts';
import { AppProbes, type AppProbeSettings } from './probes/app-probes.ts';
import { Profiler } from './profiling/profiler.ts';
import { Readiness, type EnvoyTarget, type Prober } from './readiness/readiness.ts';
import { ReadinessLog } from './readiness/readiness-log.ts';
import { CheckHistory } from './readiness/readiness-report.ts';
import { routes, type DebugSettings, type RouteParts } from './routes.ts';
import { SharedPort } from './shared-port.ts';
import type { AgentViews } from './views.ts';

export interface StatusSettings {
  /** 0 takes any free port; an agent whose statusPort is 0 makes no server at all. */
  readonly statusPort: number;
  /** Port of Envoy's own `/stats/prometheus`; undefined leaves Envoy's metrics out. */
  readonly envoyPrometheusPort: number | undefined;
  /** Where the application serves its metrics. Default: nowhere. */
  readonly scrapeTargets?: readonly ScrapeTarget[];
  /** METRICS_MERGE=strict. Default: parity. */
  readonly strictMetrics?: boolean;
  /** How the application is probed. Default: not at all. */
  readonly appProbes?: AppProbeSettings;
  /** METRICS_LOCALHOST_ACCESS_ONLY. */
  readonly metricsLoopbackOnly: boolean;
}

export interface StatusDeps {
  readonly settings: StatusSettings;
  /** Undefined in a pod without Envoy. */
  readonly envoy: (() => EnvoyTarget) | undefined;
  readonly probers: readonly Prober[];
  /** Envoy's own words about updates it refused, newest last. */
  readonly rejections: () => readonly string[];
  /** Told of every check of readiness that passes. Default: nobody is. */
  readonly passed?: () => void;
  readonly actions: AgentActions;
  readonly views: AgentViews;
  readonly debug: DebugSettings;
  /** The metrics of the other parts of the agent, read at each scrape. */
  readonly metrics: () => readonly Metric[];
  /** The port died while the agent runs: the agent should stop as on SIGTERM. */
  readonly failed: (error: Error) => void;
  /** Default: CONNECTION_LIMITS. */
  readonly limits?: ConnectionLimits;
  readonly clock: Clock;
  /** Wall time at which the process started, milliseconds since the Unix epoch. */
  readonly processStartMs: number;
  readonly log: Log;
  /** Ends the agent: the port closes at once, open connections are answered with 503 until `close()`. */
  readonly stopping: AbortSignal;
}

export class StatusServer implements AsyncDisposable {
  readonly #deps: StatusDeps;
  readonly #http: Server;
  readonly #port: SharedPort;
  /** What is on the metrics page, in words. */
  readonly #merged: string;
  readonly #appProbes: AppProbes | undefined;
  readonly #stopListening: () => void;

  constructor(deps: StatusDeps) {
    this.#deps = deps;
    const parts = partsOf(deps);
    const table = routes(parts);
    this.#merged = parts.metrics.describe();
    this.#appProbes = parts.appProbes;
    this.#http = limitedServer(deps.limits, (...call) => dispatch(table, deps.log, ...call));
    this.#port = new SharedPort(this.#http);
    this.#stopListening = () => this.#port.stop(); // no more: Envoy's pooled connection must get its 503
  }

  /**
   * Opens the port, for IPv6 and IPv4.
   *
   * @returns the port
   * @throws ConfigError `Error listening on status port: …`
   */
  async listen(): Promise<number> {
    const { log, stopping, settings, failed } = this.#deps;
    stopping.throwIfAborted();
    log.info(`Opening status port ${settings.statusPort}`);
    log.info(this.#merged);
    let port: number;
    try {
      port = await this.#port.listen(settings.statusPort);
    } catch (error) {
      throw new ConfigError(`Error listening on status port: ${whyNot(error, settings.statusPort)}`, {
        cause: error,
      });
    }
    stopping.throwIfAborted(); // told to end meanwhile: whoever made this server closes it
    this.#port.onError(failed);
    stopping.addEventListener('abort', this.#stopListening, { once: true });
    return port;
  }

  /** Closes the port and every connection. */
  async close(): Promise<void> {
    this.#deps.stopping.removeEventListener('abort', this.#stopListening);
    const wasOpen = this.#http.listening;
    const closed = this.#port.close();
    this.#http.closeAllConnections();
    await closed;
    await this.#appProbes?.close();
    if (wasOpen || this.#deps.stopping.aborted)
      this.#deps.log.info('Status server has successfully terminated');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

function limitedServer(
  limits = CONNECTION_LIMITS,
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
): Server {
  const { headersTimeoutMs, requestTimeoutMs, checkEveryMs, keepAliveMs } = limits;
  const options = {
    ServerResponse: CompressingResponse,
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: checkEveryMs,
    keepAliveTimeout: keepAliveMs,
    keepAlive: true, // a peer that is gone without a word is found out by the kernel
  };
  const server = createServer(options, (request, response) => void answer(request, response));
  guardConnections(server, limits);
  return server;
}

function partsOf(deps: StatusDeps): RouteParts {
  const { settings, clock, log } = deps;
  const readinessLog = new ReadinessLog(log, () => clock.now() - deps.processStartMs);
  const startup = (): Metric =>
    gauge(
      'startup_duration_seconds',
      'Seconds from process start to the first successful readiness probe.',
      readinessLog.startupMs && readinessLog.startupMs / 1000,
    );
  return {
    readiness: new Readiness(deps),
    readinessLog,
    history: new CheckHistory(clock),
    metrics: new MetricsPage({
      envoyPrometheusPort: settings.envoyPrometheusPort,
      applications: settings.scrapeTargets ?? [],
      strict: settings.strictMetrics ?? false,
      collect: () => [startup(), ...deps.metrics()],
      clock,
      log,
    }),
    metricsLoopbackOnly: settings.metricsLoopbackOnly,
    appProbes: settings.appProbes && new AppProbes(settings.appProbes, { clock, log: log.child('probes') }),
    actions: deps.actions,
    views: deps.views,
    debug: deps.debug,
    profiler: new Profiler(clock),
    log,
  };
}

function whyNot(error: unknown, port: number): string {
  if (errnoOf(error) !== 'EADDRINUSE') return messageOf(error);
  return `port ${port} is in use; end the process that has it, or set another statusPort in PROXY_CONFIG`;
}
