// Rules about whole interfaces and broken packets, which stand before everything else.

import type { FamilyView } from './family-view.ts';
import { INTERFACES } from './purposes.ts';
import { append, insert, type Rule } from './rule.ts';

/** Interfaces that are never captured, in either direction. */
export function excludedInterfaceRules({ config }: FamilyView): readonly Rule[] {
  const tables = config.tproxy === undefined ? ['nat'] : ['nat', 'mangle'];
  return tables.flatMap((table) =>
    config.excludedInterfaces.flatMap((name) => [
      append(table, 'PREROUTING', `-i ${name} -j RETURN`, INTERFACES.excludedIn(name)),
      append(table, 'OUTPUT', `-o ${name} -j RETURN`, INTERFACES.excludedOut(name)),
    ]),
  );
}

/** The last resort for a virtual machine's interface; redirects inserted later come to stand before it. */
export function virtualInterfaceRules({ config }: FamilyView): readonly Rule[] {
  return config.virtualInterfaces.map((name) =>
    insert('nat', 'PREROUTING', 1, `-i ${name} -j RETURN`, INTERFACES.virtualRest(name)),
  );
}

export function dropInvalidRules({ config }: FamilyView): readonly Rule[] {
  if (!config.dropInvalid) return [];
  return [
    append('mangle', 'PREROUTING', '-m conntrack --ctstate INVALID -j ISTIO_DROP', INTERFACES.invalid),
    append('mangle', 'ISTIO_DROP', '-j DROP', INTERFACES.drop),
  ];
}
