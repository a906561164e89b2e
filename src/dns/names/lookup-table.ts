// Answers which addresses a name of the mesh has. What is kept is which hosts a name may belong to, by a hash of the
// name; whether it does is worked out when it is asked, and so are names that an application makes by adding its first
// search domain. Upstream: istio 1.31 pkg/dns/client/dns.go LookupTable, where the last of two equal names wins by
// chance.

import { isIP } from 'node:net';

import { forEachInSlices } from '../../runtime/slices.ts';
import { candidatesOf, type Candidate } from './candidates.ts';
import { namesOf, type Host, type NamingContext } from './name-table.ts';
import type { PackedNameTable } from './packed-name-table.ts';

export interface LookupContext extends NamingContext {
  /** The search list of the resolver file. */
  readonly search: readonly string[];
  /** Wildcards reached through a search domain are no alias: some resolvers refuse one with a `*`. Default false. */
  readonly flattenWildcards?: boolean;
}

export interface Addresses {
  readonly v4: readonly string[];
  readonly v6: readonly string[];
}

export interface Hit extends Addresses {
  /** The name that the address records are under. */
  readonly owner: string;
  /** The asked name is an alias of this one. */
  readonly alias?: string;
}

/** A host that has the name that was asked. */
interface Match extends Host {
  /** The name is its own, not made from it. */
  readonly isOwn: boolean;
}

export class LookupTable {
  readonly #hosts: PackedNameTable;
  readonly #context: LookupContext;
  /** Numbers of hosts by the hash of each of their names. */
  #byHash = new Map<number, number | number[]>();
  /** Hosts that are called with a final dot, as they were sent. */
  #dotted = new Set<string>();
  /** `.<search domain>.`, or undefined without one. */
  readonly #suffix: string | undefined;
  /** No host stands for all names below it: most tables have none. */
  #hasWildcards = false;

  private constructor(hosts: PackedNameTable, context: LookupContext) {
    const [first] = context.search;
    this.#hosts = hosts;
    this.#context = context;
    this.#suffix = first && `.${first.toLowerCase()}${first.endsWith('.') ? '' : '.'}`;
  }

  /**
   * Lets other work run in between.
   *
   * @throws what looking at a host throws
   */
  static async build(hosts: PackedNameTable, context: LookupContext): Promise<LookupTable> {
    const lookup = new LookupTable(hosts, context);
    await forEachInSlices(hosts.numbers(), (number) => lookup.#add(number));
    return lookup;
  }

  /** The same names for applications that have another search list. */
  withSearch(search: readonly string[]): LookupTable {
    const other = new LookupTable(this.#hosts, { ...this.#context, search });
    other.#byHash = this.#byHash;
    other.#dotted = this.#dotted;
    other.#hasWildcards = this.#hasWildcards;
    return other;
  }

  get hosts(): PackedNameTable {
    return this.#hosts;
  }

  /** True for the exact text of a host with a final dot, which looks like a name that was made. */
  hasDottedHost(name: string): boolean {
    return this.#dotted.has(name);
  }

  /** The names of a host with the addresses they stand for; without those that stand for another host's. */
  namesOfHost(number: number): readonly (readonly [name: string, addresses: Addresses])[] {
    const host = this.#hosts.at(number);
    if (!hasAddress(host)) return [];
    const names = this.namesOf(host).filter((key) => this.#match(key)?.name === host.name);
    const addresses = addressesOf(host);
    return [...new Set(names)].map((name) => [name, addresses]);
  }

  /** @param name lower case, absolute. Undefined when it is none of the mesh. */
  find(name: string): Hit | undefined {
    for (const candidate of candidatesOf(name, this.#suffix)) {
      if (candidate.isWildcard && !this.#hasWildcards) return undefined;
      const match = this.#match(candidate.name);
      if (match !== undefined) return this.#hit(match, candidate, name);
    }
    return undefined;
  }

  /** Where `find` looks for a name, in order. */
  candidates(name: string): readonly Candidate[] {
    return [...candidatesOf(name, this.#suffix)];
  }

  /** The hosts that have a name, the one that answers first. @param name lower case, absolute */
  hostsNamed(name: string): readonly Host[] {
    return this.#matches(name)
      .toSorted((a, b) => (isPreferred(a, b) ? -1 : 1))
      .map(({ name: host, info }) => ({ name: host, info }));
  }

  #add(number: number): void {
    const host = this.#hosts.at(number);
    if (host.name.endsWith('.')) this.#dotted.add(host.name);
    if (!hasAddress(host)) return;
    for (const key of this.namesOf(host)) {
      this.#hasWildcards ||= key.startsWith('*.');
      const hash = hashOf(key);
      const known = this.#byHash.get(hash);
      if (known === undefined) this.#byHash.set(hash, number);
      else if (typeof known === 'number' && known !== number) this.#byHash.set(hash, [known, number]);
      else if (typeof known !== 'number' && known.at(-1) !== number) known.push(number);
    }
  }

  #hit(match: Match, { name, isAlias }: Candidate, asked: string): Hit {
    const isFlat = this.#context.flattenWildcards === true && name.startsWith('*.');
    const addresses = addressesOf(match);
    return isAlias && !isFlat ? { ...addresses, owner: name, alias: name } : { ...addresses, owner: asked };
  }

  #match(key: string): Match | undefined {
    const matches = this.#matches(key);
    return matches.length < 2 ? matches[0] : matches.reduce((a, b) => (isPreferred(b, a) ? b : a));
  }

  #matches(key: string): Match[] {
    const numbers = this.#byHash.get(hashOf(key)) ?? [];
    const matches: Match[] = [];
    for (const number of typeof numbers === 'number' ? [numbers] : numbers) {
      const host = this.#hosts.at(number);
      const place = this.namesOf(host).indexOf(key); // -1: another name has the same hash
      if (place >= 0) matches.push({ ...host, isOwn: place === 0 });
    }
    return matches;
  }

  /** All names of a host, absolute and in lower case, whether it can be used or not. */
  namesOf({ name, info }: Host): string[] {
    return namesOf(name, info, this.#context).map((each) => each.toLowerCase());
  }
}

/** A host keeps its own name; a name that was made goes to the smaller host, whatever the order of the table. */
function isPreferred(match: Match, other: Match): boolean {
  return match.isOwn === other.isOwn ? match.name <= other.name : match.isOwn;
}

/** FNV-1a over UTF-16, cut to the 30 bits that a number takes without an object of its own. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 2;
}

function hasAddress({ info: { ips = [] } }: Host): boolean {
  return ips.some((ip) => isIP(ip) !== 0);
}

/** Texts that are no address are passed over. */
function addressesOf({ info: { ips = [] } }: Host): Addresses {
  const v4: string[] = [];
  const v6: string[] = [];
  for (const ip of ips) {
    const family = isIP(ip);
    if (family === 4) v4.push(ip);
    if (family === 6) v6.push(ip.includes('%') ? ip.slice(0, ip.indexOf('%')) : ip);
  }
  return { v4, v6 };
}
