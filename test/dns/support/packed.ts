// Name tables as a control plane sends them, written as objects.

import type { NameInfo } from '../../../src/dns/names/name-table.ts';
import { PackedNameTable } from '../../../src/dns/names/packed-name-table.ts';
import { loadMessages } from '../../../src/proto/messages.ts';

/** By host name. */
export type NameTable = Readonly<Record<string, NameInfo>>;

const { nameTable } = loadMessages();

export function packedBytes(table: NameTable): Buffer {
  const entries = Object.entries(table).map(([host, info]) => [host, wholeInfo(info)] as const);
  return nameTable.encode({ table: Object.fromEntries(entries) });
}

function wholeInfo({ ips = [], registry = '', shortname = '', namespace = '', altHosts = [] }: NameInfo) {
  return { ips: [...ips], registry, shortname, namespace, altHosts: [...altHosts] };
}

export function packed(table: NameTable): PackedNameTable {
  return new PackedNameTable(packedBytes(table));
}

/** A page that comes in pieces. */
export async function readText(pieces: AsyncIterable<string> | undefined): Promise<string> {
  let text = '';
  for await (const piece of pieces ?? []) text += piece;
  return text;
}

export async function readJson(pieces: AsyncIterable<string> | undefined): Promise<unknown> {
  return JSON.parse(await readText(pieces));
}
