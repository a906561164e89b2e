// Which settings are refused, and in what words. Pure; called before any tool runs.
// Upstream checks groups, loopback range and binary name; the rest it leaves to the tools' own errors.

import { CaptureError } from '../errors.ts';
import type { GivenSettings } from './capture-config.ts';
import { checkLoopbackCidr } from './cidr.ts';
import { splitList } from './lists.ts';

/**
 * What is refused even when no rule is to be made.
 *
 * @throws CaptureError naming the first value that is unusable
 */
export function validateAlways(settings: GivenSettings, forceBinary: string): void {
  checkOwnerGroups(settings.ownerGroupsInclude);
  checkForcedBinary(forceBinary);
  checkLoopbackCidr(settings.hostIPv4LoopbackCidr);
}

/**
 * Values that become words of rules.
 *
 * @throws CaptureError naming the flag or variable and the value, for the first one that is unusable
 */
export function validateRuleValues(settings: GivenSettings): void {
  checkInterfaceNames(settings.excludeInterfaces);
  checkInterfaceNames(settings.rerouteVirtualInterfaces);
  checkOwners(settings);
  checkPorts(settings);
  if (settings.inboundInterceptionMode === 'TPROXY') checkTproxy(settings);
}

const MAX_OWNER_GROUPS = 64;

/** At most 64 groups fit the one rule that names them all; `*` has no limit. */
export function checkOwnerGroups(include: string): void {
  const groups = splitList(include);
  if (include === '*' || groups.length <= MAX_OWNER_GROUPS) return;
  throw new CaptureError(
    'number of owner groups whose outgoing traffic should be redirected to Envoy cannot exceed ' +
      `${MAX_OWNER_GROUPS}, got ${groups.length}: [${groups.join(' ')}]`,
    { id: 'IPT-BAD-OWNER' },
  );
}

export function checkForcedBinary(value: string): void {
  if (['', 'legacy', 'nft'].includes(value)) return;
  throw new CaptureError(`invalid FORCE_IPTABLES_BINARY value "${value}"`, { id: 'IPT-BAD-BINARY' });
}

const INTERFACE_NAME = /^[a-zA-Z][a-zA-Z0-9_.-]*$/;
/** IFNAMSIZ without the ending zero byte. */
const MAX_INTERFACE_NAME = 15;

/** Empty text is no list; an empty item is an error, blanks around a name are not. */
export function checkInterfaceNames(text: string): void {
  if (text === '') return;
  for (const name of text.split(',').map((item) => item.trim())) {
    if (!INTERFACE_NAME.test(name) || name.length > MAX_INTERFACE_NAME) {
      throw new CaptureError(`invalid interface name "${name}" in "${text}"`, { id: 'IPT-BAD-INTERFACE' });
    }
  }
}

/** Owners are ids or names; what would change the meaning of a rule's line is refused. */
function checkOwners(settings: GivenSettings): void {
  const lists = {
    '--proxy-uid': settings.proxyUID,
    '--proxy-gid': settings.proxyGID,
    ISTIO_OUTBOUND_OWNER_GROUPS: settings.ownerGroupsInclude,
    ISTIO_OUTBOUND_OWNER_GROUPS_EXCLUDE: settings.ownerGroupsExclude,
  };
  for (const [name, text] of Object.entries(lists)) {
    if (!/^[^\s"'\\\p{Cc}]*$/u.test(text) || splitList(text).some((item) => /^[-!]/.test(item))) {
      throw new CaptureError(`invalid value "${text}" for ${name}`, { id: 'IPT-BAD-OWNER' });
    }
  }
}

/**
 * The ports of a validation, which may run without any rule to set.
 *
 * @throws CaptureError naming the flag and the value
 */
export function validateProbe(settings: GivenSettings): void {
  for (const [flag, port] of Object.entries(listenerPorts(settings))) checkPort(flag, port);
}

function listenerPorts(settings: GivenSettings): Readonly<Record<string, string>> {
  return {
    '--envoy-port': settings.proxyPort,
    '--inbound-capture-port': settings.inboundCapturePort,
    '--inbound-tunnel-port': settings.inboundTunnelPort,
  };
}

function checkPorts(settings: GivenSettings): void {
  const lists = {
    '--istio-inbound-ports': settings.inboundPortsInclude === '*' ? '' : settings.inboundPortsInclude,
    '--istio-local-exclude-ports': settings.inboundPortsExclude,
    '--istio-outbound-ports': settings.outboundPortsInclude,
    '--istio-local-outbound-ports-exclude': settings.outboundPortsExclude,
  };
  validateProbe(settings);
  for (const [flag, list] of Object.entries(lists))
    splitList(list).forEach((port) => checkPortMatch(flag, port));
  checkDuplicates(listenerPorts(settings));
}

/** Two listeners cannot have one port, so one of them would not get what the rules bring it. */
function checkDuplicates(ports: Readonly<Record<string, string>>): void {
  const flags = new Map<string, string>();
  for (const [flag, port] of Object.entries(ports)) {
    const other = flags.get(port);
    if (other !== undefined) {
      throw new CaptureError(`${other} and ${flag} are both ${port}`, { id: 'IPT-DUPLICATE-PORT' });
    }
    flags.set(port, flag);
  }
}

/** A list item may be `from:to`, which the tools have always taken in a port match. */
function checkPortMatch(flag: string, text: string): void {
  const ends = text.split(':');
  if (ends.length > 2) throw badPort(flag, text);
  for (const port of ends) checkPort(flag, port, text);
}

function checkPort(flag: string, port: string, shown = port): void {
  const number = /^[1-9]\d{0,4}$/.test(port) ? Number(port) : Number.NaN;
  if (!(number <= 65_535)) throw badPort(flag, shown);
}

function badPort(flag: string, text: string): CaptureError {
  return new CaptureError(`invalid port "${text}" for ${flag}`, { id: 'IPT-BAD-PORT' });
}

/** `local`, `main` and `default`: our catch-all route there would take the whole host's traffic. */
const RESERVED_TABLES: ReadonlySet<number> = new Set([253, 254, 255]);
const MAX_UINT32 = 2 ** 32 - 1;

function checkTproxy({ inboundTProxyMark: mark, inboundTProxyRouteTable: table }: GivenSettings): void {
  const markNumber = /^(?:0[xX][0-9a-fA-F]+|\d+)$/.test(mark) ? Number(mark) : Number.NaN;
  if (!(markNumber >= 1 && markNumber <= MAX_UINT32)) {
    throw new CaptureError(
      `failed to parse InboundTProxyMark: "${mark}" is not a number from 1 to ${MAX_UINT32}`,
      { id: 'IPT-BAD-TPROXY' },
    );
  }
  const tableNumber = /^\d+$/.test(table) ? Number(table) : Number.NaN;
  if (!(tableNumber >= 1 && tableNumber <= MAX_UINT32) || RESERVED_TABLES.has(tableNumber)) {
    throw new CaptureError(
      `failed to parse InboundTProxyRouteTable: "${table}" is not a table from 1 to ${MAX_UINT32} other than 253 to 255`,
      { id: 'IPT-BAD-TPROXY' },
    );
  }
}
