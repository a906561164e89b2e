// One target in one scrape: asked first, then read in its turn, as a stream or as a whole. Whatever goes wrong is
// logged and counted here, once; the page goes on without it.

import type { IncomingMessage } from 'node:http';

import type { Clock } from '../../runtime/clock.ts';
import { messageOf } from '../../runtime/errors.ts';
import { excerpt } from '../../runtime/excerpt.ts';
import type { Log } from '../../runtime/log.ts';
import { HttpGetError, httpGet } from '../http-get.ts';
import { CappedBodyError, cappedBody } from './capped-body.ts';
import { decodedBody } from './decoded-body.ts';
import type { Format } from './formats.ts';
import { formatOf } from './negotiation.ts';
import type { ScrapeHistory, Target } from './scrape-history.ts';
import type { Headers } from './scrape-request.ts';
import { ScrapeTime } from './scrape-time.ts';
import { wholeLines } from './whole-lines.ts';

export interface TargetScrapeDeps {
  readonly history: ScrapeHistory;
  readonly clock: Pick<Clock, 'sleep' | 'monotonicMs'>;
  readonly log: Log;
}

export interface TargetRequest {
  readonly target: Target;
  /** Added to the target's path; empty or with its `?`. */
  readonly query: string;
  readonly headers: Headers;
  readonly timeoutMs: number | undefined;
}

/** Go's client follows nine. */
const REDIRECT_LIMIT = 10;

/** Envoy's port changes hands within a millisecond; under load it may take a little longer. */
const RETRY_AFTER_MS = 50;

export class TargetScrape implements Disposable {
  readonly #deps: TargetScrapeDeps;
  readonly #request: TargetRequest;
  readonly #url: string;
  /** For the log: a scraper's query may be long. */
  readonly #shownUrl: string;
  readonly #gone: AbortSignal;
  readonly #closed = new AbortController();
  readonly #time: ScrapeTime;
  readonly #signal: AbortSignal;
  #answer: IncomingMessage | undefined;
  #bytes = 0;

  /** @param gone aborts when the scraper has left: nothing that happens afterwards is the target's fault */
  constructor(deps: TargetScrapeDeps, request: TargetRequest, gone: AbortSignal) {
    const { port, path } = request.target;
    this.#deps = deps;
    this.#request = request;
    const text = `http://localhost:${port}${path.startsWith('/') ? '' : '/'}${path}${request.query}`;
    this.#url = new URL(text).href;
    this.#shownUrl = excerpt(this.#url); // what would break a line is escaped
    this.#gone = gone;
    this.#time = new ScrapeTime(request.timeoutMs, deps.clock);
    this.#signal = AbortSignal.any([gone, this.#closed.signal, this.#time.signal]);
  }

  /** The format of the answer, which then waits to be read; undefined when there is none. */
  async ask(): Promise<Format | undefined> {
    const { target } = this.#request;
    this.#time.start();
    try {
      this.#answer = await this.#get();
    } catch (error) {
      this.#failed(error);
      return undefined;
    } finally {
      this.#time.pause();
    }
    this.#deps.history.answered(target);
    return target.type === 'envoy' ? 'text' : formatOf(this.#answer.headers['content-type']);
  }

  /** The body as it comes; one that breaks off ends with its last whole line. */
  async *lines(): AsyncGenerator<Buffer> {
    try {
      yield* wholeLines(this.#body());
      this.#succeeded();
    } catch (error) {
      this.#failed(error);
    }
  }

  /** The body in pieces; undefined when it breaks off or is longer than `maxBytes`. */
  async whole(maxBytes: number): Promise<readonly Buffer[] | undefined> {
    try {
      const pieces = await cappedBody(this.#body(), maxBytes);
      this.#succeeded();
      return pieces;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** Lets go of the target. */
  [Symbol.dispose](): void {
    this.#time.pause();
    this.#closed.abort();
  }

  /** While one Envoy takes over from another, a connection may be refused, or end nowhere: asked once more. */
  async #get(): Promise<IncomingMessage> {
    const { target, headers } = this.#request;
    const get = { url: this.#url, headers, redirectLimit: REDIRECT_LIMIT };
    try {
      return await httpGet(get, this.#signal);
    } catch (error) {
      const status = statusOf(error);
      if (target.type !== 'envoy' || this.#signal.aborted || (status ?? 503) !== 503) throw error;
      await this.#deps.clock.sleep(RETRY_AFTER_MS, this.#signal);
      return httpGet(get, this.#signal);
    }
  }

  async *#body(): AsyncGenerator<Buffer> {
    if (this.#answer === undefined) return;
    this.#time.start();
    for await (const chunk of decodedBody(this.#answer)) {
      this.#bytes += chunk.length;
      yield chunk;
    }
  }

  #succeeded(): void {
    this.#time.pause();
    const { target } = this.#request;
    const result = { bytes: this.#bytes, tookMs: this.#time.spentMs };
    this.#deps.history.ended(target, result);
    this.#deps.log.debug(
      `scraped ${target.type} ${this.#shownUrl}: ${result.bytes} bytes in ${result.tookMs.toFixed(1)} ms`,
    );
  }

  #failed(cause: unknown): void {
    if (this.#gone.aborted) return;
    this.#time.pause();
    const { target } = this.#request;
    const { history, log } = this.#deps;
    const error = this.#errorText(this.#signal.aborted ? this.#signal.reason : cause);
    const [bytes, tookMs] = [this.#bytes, this.#time.spentMs];
    history.failed(target.type);
    history.ended(target, { error, bytes, tookMs });
    if (cause instanceof CappedBodyError) log.warn(error);
    else log.error(error);
    log.debug(
      `scraped ${target.type} ${this.#shownUrl}: failed after ${bytes} bytes and ${tookMs.toFixed(1)} ms`,
    );
  }

  #errorText(error: unknown): string {
    const status = statusOf(error);
    const why = status === undefined ? `: ${messageOf(error)}` : `, status code: ${status}`;
    return `error scraping ${this.#shownUrl}${why}`;
  }
}

/** Undefined: there was no answer. */
function statusOf(error: unknown): number | undefined {
  return error instanceof HttpGetError ? error.status : undefined;
}
