// The parts of the applications on one page. A single one is streamed; several are asked at the same time and kept in
// memory, because the format of the page depends on all of them.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/server.go, scraping of several targets.

import type { Format } from './formats.ts';
import type { TargetScrape } from './target-scrape.ts';

export interface ApplicationPart {
  readonly format: Format;
  readonly body: AsyncIterable<Buffer>;
}

export interface ApplicationParts {
  /** Of the page. */
  readonly format: Format;
  /** In the order of the targets; those that failed are not among them. */
  readonly parts: readonly ApplicationPart[];
}

/** @param maxBodyBytes for each of several applications */
export async function askApplications(
  scrapes: readonly TargetScrape[],
  maxBodyBytes: number,
): Promise<ApplicationParts> {
  const ask = scrapes.length > 1 ? wholePart : streamedPart;
  const asked = await Promise.all(scrapes.map((scrape) => ask(scrape, maxBodyBytes)));
  const parts = asked.filter((part) => part !== undefined);
  const [format = 'text', ...others] = new Set(parts.map((part) => part.format));
  return { format: others.length === 0 ? format : 'text', parts };
}

async function streamedPart(scrape: TargetScrape): Promise<ApplicationPart | undefined> {
  const format = await scrape.ask();
  return format && { format, body: scrape.lines() };
}

async function wholePart(scrape: TargetScrape, maxBytes: number): Promise<ApplicationPart | undefined> {
  const format = await scrape.ask();
  const pieces = format && (await scrape.whole(maxBytes));
  return pieces && { format, body: inTurns(pieces) };
}

async function* inTurns(pieces: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces;
}
