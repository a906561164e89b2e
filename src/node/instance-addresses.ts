// The addresses of this instance, from INSTANCE_IP and the network interfaces, as a pure function of both.
// Upstream: pilot/cmd/pilot-agent/app/cmd.go initProxy, pkg/bootstrap network helpers.

import { BlockList, isIP } from 'node:net';

import { canonicalIp } from '../config/address.ts';
import { ipFamily } from '../runtime/ip-family.ts';
import type { TextMap } from '../runtime/json.ts';

/** One network interface that is up. */
export interface NetworkInterface {
  readonly name: string;
  /** Kernel index; interfaces are read in its order. */
  readonly index: number;
  /** Addresses without prefix length; a `%scope` is allowed. */
  readonly addresses: readonly string[];
}

export interface InstanceAddressInput {
  /** `INSTANCE_IP`; anything that is no address counts as unset. */
  readonly instanceIp: string;
  readonly interfaces: readonly NetworkInterface[];
  /** Their addresses do not count. */
  readonly excludedInterfaces: readonly string[];
}

/** The names in annotation `traffic.sidecar.istio.io/excludeInterfaces`; a blank is a part of a name. */
export function excludedInterfaces(annotations: TextMap = {}): readonly string[] {
  const text = annotations['traffic.sidecar.istio.io/excludeInterfaces'] ?? '';
  return text === '' ? [] : text.split(',');
}

/**
 * INSTANCE_IP first, then the other addresses by interface, IPv4 before IPv6. Loopback and link-local addresses
 * do not count; without any other, both loopback addresses stand in.
 */
export function instanceAddresses(input: InstanceAddressInput): string[] {
  const own = isIP(input.instanceIp) === 0 ? [] : [canonicalIp(input.instanceIp)];
  const found = input.interfaces.toSorted((a, b) => a.index - b.index).flatMap(usable);
  const excluded = new Set([
    ...own,
    ...input.interfaces.filter(({ name }) => input.excludedInterfaces.includes(name)).flatMap(usable),
  ]);
  const candidates = found.length === 0 ? ['127.0.0.1', '::1'] : found;
  return [...own, ...candidates.filter((address) => !excluded.has(address))];
}

/** True while an interface still waits for its address: the caller should look again a little later. */
export function isUnspecifiedAddressPresent(interfaces: readonly NetworkInterface[]): boolean {
  return interfaces.some(({ addresses }) => addresses.some((address) => UNSPECIFIED.has(plain(address))));
}

const UNSPECIFIED: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** IPv4 before IPv6. */
function usable(of: NetworkInterface): string[] {
  const unusable = unusableAddresses();
  const addresses = of.addresses.map(plain).filter((address) => !UNSPECIFIED.has(address));
  return (['ipv4', 'ipv6'] as const).flatMap((family) =>
    addresses.filter((address) => ipFamily(address) === family && !unusable.check(address, family)),
  );
}

function unusableAddresses(): BlockList {
  const list = new BlockList();
  list.addSubnet('127.0.0.0', 8, 'ipv4');
  list.addSubnet('169.254.0.0', 16, 'ipv4');
  list.addSubnet('224.0.0.0', 24, 'ipv4');
  list.addAddress('::1', 'ipv6');
  list.addSubnet('fe80::', 10, 'ipv6');
  list.addSubnet('ff02::', 16, 'ipv6');
  return list;
}

/** Without scope; an IPv4 address in IPv6 dress as IPv4. */
function plain(address: string): string {
  return address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.\d+\.\d+\.\d+$)/i, '');
}
