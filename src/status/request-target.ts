// The path and the query a request asks for. It may come as a whole URL, with percent-encoded letters, or by a detour
// over `//` and `..`; what is reached by a detour is never served, since a proxy before us may have let only its first
// part through. Upstream: Go's net/http ServeMux.

import type { IncomingMessage } from 'node:http';

export interface RequestTarget {
  /** Decoded, with a leading slash. */
  readonly path: string;
  /** As it came, without the question mark; undefined: there is none. */
  readonly query: string | undefined;
}

/** Undefined for what is neither a path nor a URL, or cannot be decoded. */
export function targetOf({ url = '' }: Pick<IncomingMessage, 'url'>): RequestTarget | undefined {
  const local = url.replace(/^https?:\/\/[^/?]*/i, '');
  const end = local.indexOf('?');
  const written = end < 0 ? local : local.slice(0, end);
  const path = decoded(written === '' && local !== url ? '/' : written);
  if (!path?.startsWith('/')) return undefined;
  return { path, query: end < 0 ? undefined : local.slice(end + 1) };
}

/** The query, parsed; empty where there is none. */
export function queryOf(request: Pick<IncomingMessage, 'url'>): URLSearchParams {
  return new URLSearchParams(targetOf(request)?.query);
}

/** Where the caller should go instead; undefined when the path makes no detour. */
export function straightened({ path, query }: RequestTarget): string | undefined {
  if (!/\/\/|\/\.{1,2}(?:\/|$)/.test(path)) return undefined;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(encodeURIComponent(part));
  }
  const end = path.endsWith('/') && parts.length > 0 ? '/' : '';
  return `/${parts.join('/')}${end}${query === undefined ? '' : `?${query}`}`;
}

/** Undefined when it cannot be: a stray percent sign, or bytes that are no text. */
function decoded(path: string): string | undefined {
  if (!path.includes('%')) return path;
  try {
    return decodeURIComponent(path);
  } catch {
    return undefined; // nothing of ours is called so
  }
}
