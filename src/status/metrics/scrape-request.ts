// What of a scraper's request goes on to those whose metrics it gets, and nothing else of it: neither cookies nor
// tokens.

import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';

import { goFloat } from '../../config/parsers.ts';
import { SECOND_MS } from '../../runtime/duration.ts';
import { excerpt } from '../../runtime/excerpt.ts';
import { targetOf } from '../request-target.ts';
import { acceptForApplication, acceptForEnvoy, type RewrittenAccept } from './negotiation.ts';

export type Headers = Readonly<Record<string, string>>;

export interface ScrapeRequest {
  /** For Envoy only: with its `?`, or empty. */
  readonly query: string;
  readonly envoyHeaders: Headers;
  readonly applicationHeaders: Headers;
  /** For each part; 0 or less: there is no time at all; undefined: any. */
  readonly timeoutMs: number | undefined;
  /** What could not be understood, for the log. */
  readonly problems: readonly string[];
}

const TIMEOUT_HEADER = 'x-prometheus-scrape-timeout-seconds';
const COPIED_HEADERS = ['user-agent', TIMEOUT_HEADER];

export function readScrapeRequest({
  url = '',
  headers,
}: Pick<IncomingMessage, 'url' | 'headers'>): ScrapeRequest {
  const query = targetOf({ url })?.query;
  const accept = headers.accept ?? '';
  const [envoy, application] = [acceptForEnvoy(accept), acceptForApplication(accept)];
  const timeout = timeoutOf(headers[TIMEOUT_HEADER]);
  const problems = [envoy.problem, application.problem, timeout.problem];
  return {
    query: query === undefined ? '' : `?${query}`,
    envoyHeaders: headersWith(headers, envoy),
    applicationHeaders: headersWith(headers, application),
    timeoutMs: timeout.ms,
    problems: [...new Set(problems)].filter((problem) => problem !== undefined),
  };
}

function headersWith(headers: IncomingHttpHeaders, { header: accept }: RewrittenAccept): Headers {
  const copied = COPIED_HEADERS.flatMap((name) => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value]] : [];
  });
  return { ...Object.fromEntries(copied), accept };
}

/**
 * The time a scraper has, from its header.
 *
 * @returns no time for an absent header, and for one that is not a decimal number of seconds, which is a problem
 */
export function timeoutOf(header: string | readonly string[] | undefined): {
  readonly ms: number | undefined;
  readonly problem?: string;
} {
  if (header === undefined || header === '') return { ms: undefined };
  const seconds = typeof header === 'string' ? goFloat.parse(header) : undefined;
  if (seconds !== undefined) return { ms: seconds * SECOND_MS };
  return {
    ms: undefined,
    problem: `cannot read ${TIMEOUT_HEADER} ${JSON.stringify(excerpt(String(header)))}`,
  };
}
