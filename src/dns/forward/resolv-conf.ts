// The resolver file as the reference reads it: no limit on servers, no check of their texts, the last search list
// wins. Pure. Upstream: miekg/dns clientconfig.go.

export interface ResolvConf {
  /** As written, in order. */
  readonly nameservers: readonly string[];
  /** In order. */
  readonly search: readonly string[];
  /** How often all servers are asked in turn; at least 1, undefined when it is not written. Upstream reads it only. */
  readonly attempts: number | undefined;
}

/** What Go takes for white space; JavaScript's own idea differs in U+0085 and U+FEFF. */
const SPACES = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/u;
const ATTEMPTS = 'attempts:';

export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let search: readonly string[] = [];
  let attempts: number | undefined;
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line.split(SPACES).filter((word) => word !== '');
    if (keyword === 'nameserver') nameservers.push(...words.slice(0, 1));
    if (keyword === 'domain') search = words.slice(0, 1);
    if (keyword === 'search') search = words;
    if (keyword === 'options') attempts = attemptsIn(words) ?? attempts;
  }
  return { nameservers, search, attempts };
}

function attemptsIn(words: readonly string[]): number | undefined {
  const text = words.findLast((word) => word.startsWith(ATTEMPTS))?.slice(ATTEMPTS.length);
  if (text === undefined) return undefined;
  return /^\d{1,9}$/.test(text) ? Math.max(1, Number(text)) : 1;
}
