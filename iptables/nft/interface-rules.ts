// Rules about whole interfaces and broken packets, which stand before everything else.

import { INTERFACES } from '../rules/purposes.ts';
import type { CaptureConfig } from '../settings/capture-config.ts';
import { appendTo, insertInto, type NftRow, type NftTable, TCP } from './row.ts';

export function excludedInterfaceRules(config: CaptureConfig): readonly NftRow[] {
  const tables: readonly NftTable[] = config.tproxy === undefined ? ['nat'] : ['nat', 'mangle'];
  return tables.flatMap((table) =>
    config.excludedInterfaces.flatMap((name) => [
      appendTo(table, 'prerouting')(`iifname ${name} counter return`, INTERFACES.excludedIn(name)),
      appendTo(table, 'output')(`oifname ${name} counter return`, INTERFACES.excludedOut(name)),
    ]),
  );
}

export function virtualInterfaceRules({ virtualInterfaces }: CaptureConfig): readonly NftRow[] {
  return virtualInterfaces.map((name) =>
    insertInto('nat', 'prerouting', 0)(`iifname ${name} counter return`, INTERFACES.virtualRest(name)),
  );
}

/** Only TCP, where the iptables rule looks at every protocol: so it is upstream. */
export function dropInvalidRules({ dropInvalid }: CaptureConfig): readonly NftRow[] {
  if (!dropInvalid) return [];
  return [
    appendTo('mangle', 'prerouting')(`${TCP} ct state invalid counter jump istio-drop`, INTERFACES.invalid),
    appendTo('mangle', 'istio-drop')('counter drop', INTERFACES.drop),
  ];
}
