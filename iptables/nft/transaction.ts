// Renders rules as the input of one `nft -f -` call, which the kernel takes as a whole or not at all. Pure.

import type { NftRow, NftTable } from './row.ts';

interface ChainDefinition {
  readonly name: string;
  /** Where the kernel's packets enter; absent: only jumps lead here. */
  readonly hook?: string;
}

const hooked = (name: string, type: string, priority: number): ChainDefinition => ({
  name,
  hook: `{ type ${type} hook ${name} priority ${priority} ; }`,
});

const named = (...names: readonly string[]): readonly ChainDefinition[] => names.map((name) => ({ name }));

/** Own tables and their chains, in the order of a transaction. */
const CHAINS: Readonly<Record<NftTable, readonly ChainDefinition[]>> = {
  nat: [
    hooked('prerouting', 'nat', -100),
    hooked('output', 'nat', -100),
    ...named('istio-inbound', 'istio-redirect', 'istio-in-redirect', 'istio-output', 'istio-output-dns'),
  ],
  mangle: [
    hooked('prerouting', 'filter', -150),
    hooked('output', 'route', -150),
    ...named('istio-divert', 'istio-tproxy', 'istio-inbound', 'istio-drop'),
  ],
  raw: [
    hooked('prerouting', 'filter', -300),
    hooked('output', 'filter', -300),
    ...named('istio-inbound', 'istio-output-dns'),
  ],
};

const TABLES = Object.keys(CHAINS) as readonly NftTable[];

/** An own table as commands name it. */
export const tableName = (table: string): string => `inet istio-proxy-${table}`;

/** Names of the own tables, each with its family. */
export const OWN_TABLES: readonly string[] = TABLES.map(tableName);

/**
 * Replaces what own tables hold by these rules; tables that are no longer needed are deleted.
 *
 * @param present names of own tables that exist
 * @returns one command per line, each line ended; empty text when there is nothing to do
 */
export function applyText(rows: readonly NftRow[], present: ReadonlySet<string>): string {
  return joined(
    TABLES.flatMap((table) => {
      const own = rows.filter((row) => row.table === table);
      const name = tableName(table);
      const isPresent = present.has(name);
      if (own.length > 0) return tableCommands(name, own, CHAINS[table], isPresent);
      return isPresent ? [`delete table ${name}`] : [];
    }),
  );
}

/** Deletes every own table, whether it exists or not: adding an existing one changes nothing. */
export function cleanupText(): string {
  return joined(OWN_TABLES.flatMap((name) => [`add table ${name}`, `delete table ${name}`]));
}

/** @param listing what `nft list` printed of own tables; they are made as they were, all others deleted */
export function restoreText(listing: string): string {
  return `${cleanupText()}${listing}`;
}

function tableCommands(
  name: string,
  rows: readonly NftRow[],
  definitions: readonly ChainDefinition[],
  isPresent: boolean,
): readonly string[] {
  const used = new Set(rows.map(({ chain }) => chain));
  const chains = definitions.filter((definition) => used.has(definition.name));
  return [
    `add table ${name}`,
    ...(isPresent ? renewal(name) : [`flush table ${name}`]),
    ...chains.map(
      ({ name: chain, hook }) => `add chain ${name} ${chain}${hook === undefined ? '' : ` ${hook}`}`,
    ),
    ...ruleCommands(name, rows),
  ];
}

/**
 * Flushing would not do: chains that are no longer needed would stay, and nft finds the index of an insert among the
 * rules that it read before the flush.
 */
function renewal(name: string): readonly string[] {
  return [`delete table ${name}`, `add table ${name}`];
}

/** An insert needs a rule at its index: without one it is an append. */
function ruleCommands(name: string, rows: readonly NftRow[]): readonly string[] {
  const counts = new Map<string, number>();
  return rows.map(({ chain, index, expression, comment }) => {
    const words = comment === undefined ? expression : `${expression} comment "${comment}"`;
    const count = counts.get(chain) ?? 0;
    counts.set(chain, count + 1);
    return index === undefined || index >= count
      ? `add rule ${name} ${chain} ${words}`
      : `insert rule ${name} ${chain} index ${index} ${words}`;
  });
}

function joined(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
