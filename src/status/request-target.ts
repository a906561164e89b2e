// The path and the query a request asks for. It may come as a whole URL, with percent-encoded letters, or by a detour
// over `//` and `..`; what is reached by a detour is not served, the caller is told the straight way.
// Upstream: Go's net/http ServeMux.

import type { IncomingMessage } from 'node:http';

export interface RequestTarget {
  /** Decoded but for slashes: an encoded one is part of a name. Begins with a slash. */
  readonly path: string;
  /** As it came, without the question mark; undefined: there is none. */
  readonly query: string | undefined;
  /** Where the caller should go instead; undefined when the path makes no detour. */
  readonly straight: string | undefined;
}

/** Undefined for what is neither a path nor a URL, or cannot be decoded. */
export function targetOf({ url = '' }: Pick<IncomingMessage, 'url'>): RequestTarget | undefined {
  const local = url.replace(/^https?:\/\/[^/?]*/i, '');
  const end = local.indexOf('?');
  const before = end < 0 ? local : local.slice(0, end);
  const written = before === '' && local !== url ? '/' : before;
  const path = written.startsWith('/') ? decoded(written) : undefined;
  if (path === undefined) return undefined;
  const query = end < 0 ? undefined : local.slice(end + 1);
  return { path, query, straight: hasDetour(written) ? locationOf(straightened(written), query) : undefined };
}

/** The query, parsed; empty where there is none. */
export function queryOf(request: Pick<IncomingMessage, 'url'>): URLSearchParams {
  return new URLSearchParams(targetOf(request)?.query);
}

/** What a Location header says: on this host. */
export function locationOf(path: string, query: string | undefined): string {
  return encodeURI(path) + (query === undefined ? '' : `?${query}`);
}

function hasDetour(written: string): boolean {
  return /\/\/|\/\.{1,2}(?:\/|$)/.test(written);
}

/** Encoded dots and slashes are names like any other. */
function straightened(written: string): string {
  const parts: string[] = [];
  for (const part of written.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return `/${parts.join('/')}${written.endsWith('/') && parts.length > 0 ? '/' : ''}`;
}

/** Undefined when it cannot be: a stray percent sign, or bytes that are no text. */
function decoded(written: string): string | undefined {
  if (!written.includes('%')) return written;
  try {
    return decodeURIComponent(written.replaceAll(/%2f/gi, '%252F'));
  } catch {
    return undefined; // nothing of ours is called so
  }
}
