// Address ranges in CIDR notation: the syntax that rules accept, split by family. Pure.
// Upstream counterpart: tools/istio-iptables/pkg/capture/run.go separateV4V6, pkg/config validation.

import { isIPv4, SocketAddress } from 'node:net';

import { messageOf } from '../../src/runtime/errors.ts';
import { CaptureError } from '../errors.ts';
import type { Family } from '../rules/rule.ts';
import { splitList } from './lists.ts';

export interface Cidr {
  readonly family: Family;
  /** Canonical for IPv6, as written for IPv4; host bits are kept. */
  readonly address: string;
  readonly bits: number;
}

/** The ranges of one option. With `all`, every address of both families; the lists are then empty. */
export interface CidrRanges {
  readonly all: boolean;
  readonly v4: readonly string[];
  readonly v6: readonly string[];
  readonly hasLoopback: boolean;
}

/** @throws CaptureError saying what is wrong with `text` */
export function parseCidr(text: string): Cidr {
  const slash = text.lastIndexOf('/');
  if (slash < 0) throw badCidr(`"${text}" is not a CIDR: no "/length"`);
  const address = text.slice(0, slash);
  const length = text.slice(slash + 1);
  const family = familyOf(address);
  if (family === undefined) throw badCidr(`"${text}" is not a CIDR: bad address "${address}"`);
  const bits = /^(?:0|[1-9]\d{0,2})$/.test(length) ? Number(length) : Number.NaN;
  if (!(bits <= (family === 'v4' ? 32 : 128))) {
    throw badCidr(`"${text}" is not a CIDR: bad length "${length}"`);
  }
  return { family, address: family === 'v4' ? address : canonicalIPv6(address), bits };
}

/**
 * @param text `*`, or a comma list of CIDRs of both families
 * @throws CaptureError for anything else in the list
 */
export function parseCidrRanges(text: string): CidrRanges {
  if (text === '*') return { all: true, v4: [], v6: [], hasLoopback: false };
  const cidrs = splitList(text).map(parseCidr);
  const of = (family: Family): readonly string[] =>
    cidrs.filter((cidr) => cidr.family === family).map(({ address, bits }) => `${address}/${bits}`);
  return {
    all: false,
    v4: of('v4'),
    v6: of('v6'),
    hasLoopback: cidrs.some(({ address }) => isLoopback(address)),
  };
}

/**
 * Checks the IPv4 range that rules take for "the application talking to itself".
 *
 * @throws CaptureError unless it is an IPv4 loopback CIDR of 8 to 32 bits
 */
export function checkLoopbackCidr(text: string): void {
  const cidr = loopbackCandidate(text);
  if (cidr.family !== 'v4' || !isLoopback(cidr.address)) {
    throw badCidr(`expected valid IPv4 loopback address in CIDR ${text}; found ${cidr.address}`);
  }
  if (cidr.bits < 8) {
    throw badCidr(`expected CIDR ${text} to have mask in range [8, 32]; found ${cidr.bits}`);
  }
}

function loopbackCandidate(text: string): Cidr {
  try {
    return parseCidr(text);
  } catch (error) {
    throw badCidr(`failed to parse CIDR ${text}: ${messageOf(error)}`, error);
  }
}

function badCidr(message: string, cause?: unknown): CaptureError {
  return new CaptureError(message, { id: 'IPT-BAD-CIDR', cause });
}

/** @param address canonical, without zone */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** The family of a literal address; undefined for anything else, zones included. */
export function familyOf(address: string): Family | undefined {
  if (isIPv4(address)) return 'v4';
  return address.includes(':') && !address.includes('%') && isLiteral(address) ? 'v6' : undefined;
}

/** Node's own `isIPv6` takes several milliseconds at its first call, which an init command has better use for. */
function isLiteral(address: string): boolean {
  try {
    return new SocketAddress({ address, family: 'ipv6' }).family === 'ipv6';
  } catch {
    return false; // that is how it says so
  }
}

/** Lower case and compressed, an embedded IPv4 address in dotted form. */
export function canonicalIPv6(address: string): string {
  return new SocketAddress({ address, family: 'ipv6' }).address;
}
