// Users and groups of this host by name: rules may name them, the kernel keeps their numbers.

import type { OwnerIds } from './iptables-words.ts';

/** @param readText rejects for a file that is not there; nobody is known then */
export async function ownerIds(readText: (path: string) => Promise<string>): Promise<OwnerIds> {
  const [users, groups] = await Promise.all(
    ['/etc/passwd', '/etc/group'].map(async (path) => idsIn(await readText(path).catch(() => ''))),
  );
  return { users: users ?? new Map(), groups: groups ?? new Map() };
}

/** Both files begin their lines with name, password and number. */
function idsIn(text: string): ReadonlyMap<string, string> {
  const entries = text.split('\n').map((line) => line.split(':'));
  return new Map(entries.flatMap(([name, , id]) => (name && id ? [[name, id] as const] : [])));
}
