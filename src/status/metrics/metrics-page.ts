// `/metrics` and `/stats/prometheus`: the agent's own metrics, then Envoy's, streamed through. A part that fails
// is left out and counted; the answer stays 200, so that one broken part never hides the other.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/server.go handleStats. Applications are not merged here.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { finished, pipeline } from 'node:stream/promises';

import type { Clock } from '../../runtime/clock.ts';
import { messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { AgentMetrics } from './agent-metrics.ts';
import { HttpGetError, httpGet } from '../http-get.ts';
import type { Metric } from './metric.ts';

/** The port changes hands within a millisecond; under load it may take a little longer. */
const RETRY_AFTER_MS = 50;

export interface MetricsPageDeps {
  /** Port of Envoy's own `/stats/prometheus`; undefined leaves Envoy out. */
  readonly envoyPrometheusPort: number | undefined;
  /** The metrics of all parts of the agent. */
  readonly collect: () => readonly Metric[];
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
}

const TEXT_FORMAT = 'text/plain; version=0.0.4; charset=utf-8';
const COPIED_HEADERS = ['user-agent', 'x-prometheus-scrape-timeout-seconds'];

type Part = 'envoy' | 'agent';

export class MetricsPage {
  readonly #deps: MetricsPageDeps;
  readonly #own: AgentMetrics;
  #scrapes = 0;
  readonly #failures = new Map<Part, number>();

  constructor(deps: MetricsPageDeps) {
    this.#deps = deps;
    this.#own = new AgentMetrics(() => [...this.#scrapeMetrics(), ...deps.collect()]);
  }

  /** Answers one scrape; resolves when the answer has been written or the client is gone. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#scrapes += 1;
    response.writeHead(200, { 'Content-Type': TEXT_FORMAT });
    try {
      response.write(await this.#own.render());
    } catch (error) {
      this.#failed('agent', `failed to gather the agent's metrics: ${messageOf(error)}`);
    }
    await this.#copyEnvoy(request, response);
    response.end();
    await finished(response).catch(() => undefined); // the client left: nobody is there to be told
  }

  async #copyEnvoy(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const port = this.#deps.envoyPrometheusPort;
    if (port === undefined) return;
    const query = request.url?.split('?', 2)[1];
    const url = `http://localhost:${port}/stats/prometheus${query === undefined ? '' : `?${query}`}`;
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    try {
      const page = await this.#envoyPage(url, copiedHeaders(request), gone.signal);
      await pipeline(page, response, { end: false });
    } catch (error) {
      if (response.destroyed) return; // the client left; Envoy is not to blame
      this.#failed('envoy', scrapeError(url, error));
    }
  }

  /** While one Envoy takes over from another, a connection may be refused, or end nowhere: asked once more. */
  async #envoyPage(
    url: string,
    headers: Readonly<Record<string, string>>,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    try {
      return await httpGet(url, headers, signal);
    } catch (error) {
      const status = statusOf(error);
      if (signal.aborted || (status !== undefined && status !== 503)) throw error;
      await this.#deps.clock.sleep(RETRY_AFTER_MS, signal);
      return httpGet(url, headers, signal);
    }
  }

  #failed(part: Part, message: string): void {
    this.#failures.set(part, (this.#failures.get(part) ?? 0) + 1);
    this.#deps.log.error(message);
  }

  #scrapeMetrics(): readonly Metric[] {
    const failures = [...this.#failures].map(([type, value]) => ({ labels: { type }, value }));
    return [
      {
        name: 'scrapes_total',
        help: 'Scrapes answered.',
        type: 'counter',
        series: [{ value: this.#scrapes }],
      },
      {
        name: 'scrape_failures_total',
        help: 'Parts left out of a scrape.',
        type: 'counter',
        series: failures,
      },
    ];
  }
}

function copiedHeaders(request: IncomingMessage): Record<string, string> {
  const found = COPIED_HEADERS.map((name) => [name, request.headers[name]]);
  return Object.fromEntries(found.filter(([, value]) => typeof value === 'string'));
}

function scrapeError(url: string, error: unknown): string {
  const status = statusOf(error);
  return status === undefined
    ? `error scraping ${url}: ${messageOf(error)}`
    : `error scraping ${url}, status code: ${status}`;
}

/** Undefined: there was no answer. */
function statusOf(error: unknown): number | undefined {
  return error instanceof HttpGetError ? error.status : undefined;
}
