// Trust anchors as one text: the form in which they are compared, served and written.

import { pemTexts } from '../pki/pem.ts';

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
