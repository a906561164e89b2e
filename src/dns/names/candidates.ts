// Under which names of the table an asked name is looked for, in order: the first one that is there answers.
// Upstream: istio 1.31 pkg/dns/client/dns.go lookupHost, where the names that applications make with their first search
// domain are stored as aliases.

/** A name that the table may have. Lower case, absolute. */
export interface Candidate {
  readonly name: string;
  /** The asked name without its search domain: the answer is an alias of this one. */
  readonly isAlias: boolean;
  /** It stands for every name below a domain. */
  readonly isWildcard: boolean;
}

/**
 * @param asked lower case, absolute
 * @param suffix `.<first search domain>.`, lower case; undefined without one
 */
export function* candidatesOf(asked: string, suffix: string | undefined): Generator<Candidate, void> {
  yield* both(asked, suffix, false);
  for (let dot = asked.indexOf('.'); dot >= 0 && dot < asked.length - 1; dot = asked.indexOf('.', dot + 1)) {
    yield* both(`*${asked.slice(dot)}`, suffix, true);
  }
}

/** As it is, and without the search domain; a name that lies in the search domain itself is not searched in it. */
function* both(name: string, suffix: string | undefined, isWildcard: boolean): Generator<Candidate, void> {
  yield { name, isAlias: false, isWildcard };
  if (suffix === undefined || !name.endsWith(suffix)) return;
  const plain = name.slice(0, name.length - suffix.length + 1);
  if (!plain.endsWith(suffix.slice(1))) yield { name: plain, isAlias: true, isWildcard };
}
