// Rules about whole interfaces and broken packets, which stand before everything else.

import type { RuleRow } from './rule-list.ts';
import { append, insert } from './rule-list.ts';
import type { FamilyView } from './rule-view.ts';

/** Interfaces that are never captured, in either direction. */
export function excludedInterfaceRules({ config }: FamilyView): readonly RuleRow[] {
  const tables = config.tproxy === undefined ? ['nat'] : ['nat', 'mangle'];
  return tables.flatMap((table) =>
    config.excludedInterfaces.flatMap((name) => [
      append(table, 'PREROUTING', `-i ${name} -j RETURN`, `excluded interface ${name}, inbound`),
      append(table, 'OUTPUT', `-o ${name} -j RETURN`, `excluded interface ${name}, outbound`),
    ]),
  );
}

/** The last resort for a virtual machine's interface; redirects inserted later come to stand before it. */
export function virtualInterfaceRules({ config }: FamilyView): readonly RuleRow[] {
  return config.virtualInterfaces.map((name) =>
    insert(
      'nat',
      'PREROUTING',
      1,
      `-i ${name} -j RETURN`,
      `rest of the traffic of virtual interface ${name}`,
    ),
  );
}

export function dropInvalidRules({ config }: FamilyView): readonly RuleRow[] {
  if (!config.dropInvalid) return [];
  return [
    append(
      'mangle',
      'PREROUTING',
      '-m conntrack --ctstate INVALID -j ISTIO_DROP',
      'packets of no known connection would be answered with a reset',
    ),
    append('mangle', 'ISTIO_DROP', '-j DROP', 'drop invalid packets'),
  ];
}
