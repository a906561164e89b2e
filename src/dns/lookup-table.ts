// Answers which addresses a name of the mesh has. Names that an application makes by adding its first search domain
// are not stored: they are recognised when they are asked.
// Upstream: istio 1.31 pkg/dns/client/dns.go LookupTable, where the last of two equal names wins by chance.

import { isIP } from 'node:net';
import { setImmediate } from 'node:timers/promises';

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

interface Known extends Addresses {
  /** Made from an entry of another name, or the entry's own. */
  readonly isGenerated: boolean;
}

/** Entries between two pauses: a part of a huge table never holds up a query for long. */
const SLICE = 100;

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
    // in the order of preference: the first entry to have a name keeps it
    const entries = Object.entries(table).toSorted(([a], [b]) => (a < b ? -1 : 1));
    for (const [index, [host, info]] of entries.entries()) {
      lookup.#add(host, info, context);
      if (index % SLICE === SLICE - 1) await setImmediate();
    }
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
    for (const [index, name] of namesOf(host, info, context).entries()) {
      const key = name.toLowerCase();
      const isGenerated = index > 0;
      const known = this.#names.get(key);
      if (known === undefined || (known.isGenerated && !isGenerated)) {
        this.#names.set(key, { ...addresses, isGenerated });
      }
    }
  }
}

function addressesOf(ips: readonly string[]): Addresses {
  const plain = ips.filter((ip) => isIP(ip) !== 0).map((ip) => ip.split('%')[0] ?? '');
  return { v4: plain.filter((ip) => isIP(ip) === 4), v6: plain.filter((ip) => isIP(ip) === 6) };
}
