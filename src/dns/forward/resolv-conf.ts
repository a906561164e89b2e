// The resolver file as the reference reads it: no limit on servers, no check of their texts, the last search list
// wins. Pure. Upstream: miekg/dns clientconfig.go.

export interface ResolvConf {
  /** As written, in order. */
  readonly nameservers: readonly string[];
  /** In order. */
  readonly search: readonly string[];
}

export function parseResolvConf(text: string): ResolvConf {
  const nameservers: string[] = [];
  let search: readonly string[] = [];
  for (const line of text.split('\n')) {
    const [keyword, ...words] = line.split(/\s+/).filter((word) => word !== '');
    if (keyword === 'nameserver') nameservers.push(...words.slice(0, 1));
    if (keyword === 'domain') search = words.slice(0, 1);
    if (keyword === 'search') search = words;
  }
  return { nameservers, search };
}
