// One page of metrics: the agent's own, Envoy's and the applications', in this order, for in OpenMetrics the last one
// ends the page. A part that fails is left out. Loaded with the first scrape.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/server.go handleStats.

import type { IncomingMessage } from 'node:http';

import { messageOf } from '../../runtime/errors.ts';
import { AgentMetrics } from './agent-metrics.ts';
import { askApplications } from './applications.ts';
import type { Format } from './formats.ts';
import type { Metric } from './metric.ts';
import type { MakePageFilter, PageFilter, PartType } from './page-filter.ts';
import type { Target } from './scrape-history.ts';
import { readScrapeRequest, type ScrapeRequest } from './scrape-request.ts';
import { TargetScrape, type TargetRequest, type TargetScrapeDeps } from './target-scrape.ts';

export interface ScraperDeps extends TargetScrapeDeps {
  readonly envoy: Target | undefined;
  readonly applications: readonly Target[];
  /** The agent's own metrics. */
  readonly collect: () => readonly Metric[];
  readonly filter: MakePageFilter;
  /** For each of several applications. */
  readonly maxBodyBytes: number;
}

export interface ScrapedPage {
  readonly format: Format;
  readonly body: AsyncIterable<Buffer>;
}

interface Part {
  readonly type: PartType;
  readonly format: Format;
  readonly body: AsyncIterable<Buffer>;
}

export class Scraper {
  readonly #deps: ScraperDeps;
  readonly #own: AgentMetrics;

  constructor(deps: ScraperDeps) {
    this.#deps = deps;
    this.#own = new AgentMetrics(deps.collect);
  }

  /**
   * Hands a page to `write` once every target has answered or failed, for the page's format depends on them; all are
   * asked at the same time. The page can be read until `write` is done.
   *
   * @param gone aborts when the scraper has left
   */
  async scrape(
    request: IncomingMessage,
    gone: AbortSignal,
    write: (page: ScrapedPage) => Promise<void>,
  ): Promise<void> {
    const { filter, maxBodyBytes, log, ...targets } = this.#deps;
    const asked = readScrapeRequest(request);
    for (const problem of asked.problems) log.warn(problem);
    using open = new DisposableStack();
    const begin = (target: Target): TargetScrape =>
      open.use(new TargetScrape(this.#deps, targetRequest(target, asked), gone));
    const envoy = targets.envoy && begin(targets.envoy);
    const applications = targets.applications.map(begin);

    const [envoyFormat, { format, parts }] = await Promise.all([
      envoy?.ask(),
      askApplications(applications, maxBodyBytes),
    ]);
    const all: Part[] = [
      { type: 'agent', format: 'text', body: this.#ownPart() },
      ...(envoy && envoyFormat ? [{ type: 'envoy' as const, format: envoyFormat, body: envoy.lines() }] : []),
      ...parts.map(({ format: own, body }) => ({ type: 'application' as const, format: own, body })),
    ];
    await write({ format, body: joined(all, filter({ format, targets: applications.length })) });
  }

  /** Rendered in its turn, so that it tells of failures of this very scrape. */
  async *#ownPart(): AsyncGenerator<Buffer> {
    try {
      yield Buffer.from(await this.#own.render());
    } catch (error) {
      this.#deps.history.failed('agent');
      this.#deps.log.error(`failed to gather the agent's metrics: ${messageOf(error)}`);
    }
  }
}

function targetRequest(target: Target, asked: ScrapeRequest): TargetRequest {
  const { query, timeoutMs } = asked;
  return target.type === 'envoy'
    ? { target, query, headers: asked.envoyHeaders, timeoutMs }
    : { target, query: '', headers: asked.applicationHeaders, timeoutMs };
}

async function* joined(parts: readonly Part[], filter: PageFilter): AsyncGenerator<Buffer> {
  for (const { type, body, format } of parts) yield* filter.part(type, body, format);
  yield Buffer.from(filter.end());
}
