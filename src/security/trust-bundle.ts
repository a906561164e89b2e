// The workload's trust anchors: the CA's own, those it had before, and those that come from elsewhere; as one text, the
// form in which they are compared, served and written.

import { pemTexts } from '../pki/pem.ts';
import type { Clock } from '../runtime/clock.ts';

/**
 * The blocks of all parts, each once, in byte order, joined by newlines without one at the end. Equal sets give
 * equal bytes, and equality decides whether anything is pushed.
 *
 * @see istio 1.31 security/pkg/nodeagent/cache/secretcache.go mergeTrustAnchorBytes
 */
export function mergeAnchors(parts: readonly string[]): string {
  const blocks = parts.flatMap(pemTexts).map((block) => block.replaceAll('\r\n', '\n'));
  return [...new Set(blocks)].sort().join('\n');
}

interface RetiredRoot {
  readonly pem: string;
  /** Milliseconds since the Unix epoch. */
  readonly untilMs: number;
}

/** A CA that changes its root more often than this within one life of a certificate loses the oldest. */
const MOST_RETIRED = 8;

export class TrustBundle {
  readonly #clock: Pick<Clock, 'now'>;
  #retired: readonly RetiredRoot[] = [];
  #extra = '';

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
  }

  /** Anchors to trust besides the CA's, each PEM, instead of those before. @returns false when they are the same */
  setExtra(anchors: readonly string[]): boolean {
    const extra = mergeAnchors(anchors);
    if (extra === this.#extra) return false;
    this.#extra = extra;
    return true;
  }

  /** Peers may present certificates of a root that was replaced for as long as ours would have been valid. */
  retire(rootPem: string, untilMs: number): void {
    const others = this.#inTime().filter(({ pem }) => pem !== rootPem);
    this.#retired = [...others, { pem: rootPem, untilMs }].slice(-MOST_RETIRED);
  }

  /** Forgets the roots whose time is over. @returns whether there was one */
  forget(): boolean {
    const before = this.#retired.length;
    this.#retired = this.#inTime();
    return this.#retired.length < before;
  }

  /** The CA's root and all that is trusted besides. */
  around(rootPem: string): string {
    return mergeAnchors([rootPem, ...this.#inTime().map(({ pem }) => pem), this.#extra]);
  }

  /** Anchors of a file and those from elsewhere: a file has nothing to do with the CA's roots. */
  aroundFile(rootPem: string): string {
    return mergeAnchors([rootPem, this.#extra]);
  }

  #inTime(): readonly RetiredRoot[] {
    const nowMs = this.#clock.now();
    return this.#retired.filter(({ untilMs }) => untilMs > nowMs);
  }
}
