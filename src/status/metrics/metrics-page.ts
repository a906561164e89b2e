// `/metrics` and `/stats/prometheus`: who is scraped, whose turn it is, and how a page reaches its reader. The answer
// is always 200: a part that fails is left out and counted, so that one broken part never hides the others.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/server.go handleStats.

import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';

import type { ScrapeTarget } from '../../config/scrape-targets.ts';
import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import { contentTypeOf } from './formats.ts';
import type { Metric } from './metric.ts';
import type { MakePageFilter } from './page-filter.ts';
import { parityFilter } from './parity-filter.ts';
import { ScrapeHistory, type ScrapeView, type Target } from './scrape-history.ts';
import { ScrapeQueue } from './scrape-queue.ts';
import type { ScrapedPage, Scraper } from './scraper.ts';

export interface MetricsPageDeps {
  /** Port of Envoy's own `/stats/prometheus`; undefined leaves Envoy out. */
  readonly envoyPrometheusPort: number | undefined;
  readonly applications: readonly ScrapeTarget[];
  /** The metrics of all parts of the agent. */
  readonly collect: () => readonly Metric[];
  /** Whether each page parses whatever its parts are. Default: they stay as they are. */
  readonly strict?: boolean;
  /** What each of several applications may answer at most. Default: 10 MiB. */
  readonly maxBodyBytes?: number;
  readonly clock: Clock;
  readonly log: Log;
}

const MAX_BODY_BYTES = 10 * 1024 * 1024;

export class MetricsPage {
  readonly #deps: MetricsPageDeps;
  readonly #targets: { readonly envoy: Target | undefined; readonly applications: readonly Target[] };
  readonly #history: ScrapeHistory;
  readonly #queue: ScrapeQueue;
  #scraper: Promise<Scraper> | undefined;

  constructor(deps: MetricsPageDeps) {
    const { envoyPrometheusPort: port, strict = false, clock } = deps;
    this.#deps = deps;
    this.#targets = {
      envoy: port === undefined ? undefined : { type: 'envoy', port, path: '/stats/prometheus' },
      applications: deps.applications.map((target) => ({ type: 'application', ...target })),
    };
    this.#history = new ScrapeHistory(this.#allTargets(), strict, clock);
    this.#queue = new ScrapeQueue(clock);
  }

  /** Answers one scrape; resolves when the answer has been written or the client is gone. */
  async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const gone = new AbortController();
    response.once('close', () => gone.abort());
    if (response.destroyed) gone.abort(); // nothing will tell of that any more
    this.#history.begun();
    try {
      using _place = await this.#queue.enter(gone.signal);
      const scraper = await (this.#scraper ??= this.#loadScraper());
      await scraper.scrape(request, gone.signal, (page) => this.#write(page, response, gone.signal));
    } catch (error) {
      if (!gone.signal.aborted) throw error; // otherwise nobody is there to be told
    }
  }

  /** How the last scrape of each target went. */
  lastScrapes(): readonly ScrapeView[] {
    return this.#history.view();
  }

  /** What is merged, in words: who misses metrics looks here first. */
  describe(): string {
    const asked = this.#allTargets().map(
      ({ type, port, path }) => `${type} (port ${port}, path ${JSON.stringify(path)})`,
    );
    return `Metrics page: ${['agent', ...asked].join(', ')}`;
  }

  #allTargets(): readonly Target[] {
    const { envoy, applications } = this.#targets;
    return envoy === undefined ? applications : [envoy, ...applications];
  }

  async #loadScraper(): Promise<Scraper> {
    const { Scraper } = await import('./scraper.ts');
    const { collect, maxBodyBytes = MAX_BODY_BYTES, clock, log } = this.#deps;
    const history = this.#history;
    return new Scraper({
      ...this.#targets,
      collect: () => [...history.metrics(), ...collect()],
      filter: await this.#loadFilter(),
      maxBodyBytes,
      history,
      clock,
      log,
    });
  }

  async #loadFilter(): Promise<MakePageFilter> {
    if (this.#deps.strict !== true) return parityFilter;
    const { strictPage } = await import('./strict/strict-page.ts');
    return (page) => strictPage(page, (type, reason) => this.#history.conflict(type, reason));
  }

  async #write(page: ScrapedPage, response: ServerResponse, gone: AbortSignal): Promise<void> {
    response.writeHead(200, { 'Content-Type': contentTypeOf(page.format) });
    for await (const piece of page.body) {
      gone.throwIfAborted();
      if (piece.length > 0 && !response.write(piece)) await once(response, 'drain', { signal: gone });
    }
    response.end();
  }
}
