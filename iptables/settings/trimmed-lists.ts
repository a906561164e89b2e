// Blanks in the comma lists of flags and variables.

import type { GivenSettings } from './capture-config.ts';

const LISTS = [
  'proxyUID',
  'proxyGID',
  'ownerGroupsInclude',
  'ownerGroupsExclude',
  'inboundPortsInclude',
  'inboundPortsExclude',
  'outboundPortsInclude',
  'outboundPortsExclude',
  'outboundIPRangesInclude',
  'outboundIPRangesExclude',
  'excludeInterfaces',
  'rerouteVirtualInterfaces',
] as const satisfies readonly (keyof GivenSettings)[];

/** Blanks around items are taken for a slip of the hand: the same settings without them, and a warning per list. */
export function trimmedLists<T extends GivenSettings>(settings: T, warn: (message: string) => void): T {
  const changes = LISTS.flatMap((key) => {
    const text = settings[key]
      .split(',')
      .map((item) => item.trim())
      .join(',');
    if (text === settings[key]) return [];
    warn(`blanks in the list "${settings[key]}" are dropped`);
    return [[key, text] as const];
  });
  return { ...settings, ...Object.fromEntries(changes) };
}
