// Answers which addresses a name of the mesh has. Names that an application makes by adding its first search domain
// are not stored: they are recognised when they are asked.
// Upstream: istio 1.31 pkg/dns/client/dns.go LookupTable, where the last of two equal names wins by chance.

import { isIPv4, isIPv6 } from 'node:net';

import { forEachInSlices } from '../runtime/slices.ts';
import { namesOf, type NameInfo, type NameTable, type NamingContext } from './name-table.ts';

export interface LookupContext extends NamingContext {
  /** The search list of the resolver file. */
  readonly search: readonly string[];
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

/** One entry of the table; all names made from it share it. */
interface Known extends Addresses {
  readonly host: string;
  /** The host as a key. */
  readonly ownName: string;
}

export class LookupTable {
  readonly #names = new Map<string, Known>();
  /** `.<search domain>.`, or undefined without one. */
  readonly #suffix: string | undefined;

  private constructor({ search: [first] }: LookupContext) {
    this.#suffix = first && `.${first.toLowerCase()}${first.endsWith('.') ? '' : '.'}`;
  }

  /** Lets other work run in between. */
  static async build(table: NameTable, context: LookupContext): Promise<LookupTable> {
    const lookup = new LookupTable(context);
    await forEachInSlices(Object.keys(table), (host) => lookup.#add(host, table[host] ?? {}, context));
    return lookup;
  }

  /** Every name with its addresses, but for those that are recognised only when they are asked. */
  entries(): Iterable<readonly [name: string, addresses: Addresses]> {
    return this.#names.entries();
  }

  /** @param name lower case, absolute. Undefined when it is none of the mesh. */
  find(name: string): Hit | undefined {
    const exact = this.#direct(name, name) ?? this.#searched(name);
    if (exact !== undefined) return exact;
    for (let dot = name.indexOf('.'); dot >= 0 && dot < name.length - 1; dot = name.indexOf('.', dot + 1)) {
      const wildcard = `*${name.slice(dot)}`;
      const hit = this.#direct(wildcard, name) ?? this.#searched(wildcard);
      if (hit !== undefined) return hit;
    }
    return undefined;
  }

  #direct(name: string, owner: string): Hit | undefined {
    const known = this.#names.get(name);
    return known && { v4: known.v4, v6: known.v6, owner };
  }

  #searched(name: string): Hit | undefined {
    if (this.#suffix === undefined || !name.endsWith(this.#suffix)) return undefined;
    const plain = name.slice(0, name.length - this.#suffix.length + 1);
    if (plain.endsWith(this.#suffix.slice(1))) return undefined; // such a name is not searched again
    const hit = this.#direct(plain, plain);
    return hit && { ...hit, alias: plain };
  }

  #add(host: string, info: NameInfo, context: LookupContext): void {
    const addresses = addressesOf(info.ips ?? []);
    if (addresses.v4.length + addresses.v6.length === 0) return;
    const keys = namesOf(host, info, context).map((name) => name.toLowerCase());
    const entry: Known = { ...addresses, host, ownName: keys[0] ?? '' };
    for (const key of keys) {
      const known = this.#names.get(key);
      if (known === undefined || isPreferred(entry, known, key)) this.#names.set(key, entry);
    }
  }
}

/** A host keeps its own name; a name that was made goes to the smaller host, whatever the order of the table. */
function isPreferred(entry: Known, known: Known, key: string): boolean {
  const isOwn = entry.ownName === key;
  return isOwn === (known.ownName === key) ? entry.host < known.host : isOwn;
}

function addressesOf(ips: readonly string[]): Addresses {
  return {
    v4: ips.filter((ip) => isIPv4(ip)),
    v6: ips.filter((ip) => isIPv6(ip)).map((ip) => ip.split('%')[0] ?? ''),
  };
}
