// What the parts of a page of metrics go through on their way to the client. Parity mode leaves them as they are
// (parity-filter.ts); strict mode makes a page of them that parses.

import type { Format } from './formats.ts';

export type PartType = 'agent' | 'envoy' | 'application';

export interface Page {
  /** What the client is told it gets. */
  readonly format: Format;
  /** How many applications are configured, whether they answer or not. */
  readonly targets: number;
}

/** One per scrape. Parts come one after the other, in the order of the page. */
export interface PageFilter {
  /**
   * @param body ends after a whole line when its source breaks off, which is counted elsewhere
   * @param format of this part's body; the result is in the page's format
   */
  readonly part: (type: PartType, body: AsyncIterable<Buffer>, format: Format) => AsyncIterable<Buffer>;
  /** What closes the page, after the last part. */
  readonly end: () => string;
}

export type MakePageFilter = (page: Page) => PageFilter;
