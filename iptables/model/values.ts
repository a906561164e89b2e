// The one spelling of each kind of value in a test: what the user gave, what iptables-save prints and what nft lists
// come out the same. Pure.

import { BlockList } from 'node:net';

import { canonicalIPv6, familyOf } from '../settings/cidr.ts';
import { ALL_BITS, markText } from './read-rule.ts';

/** `10.1.2.3/8` and `10.0.0.0/8` name one network; an address alone is a network of one. */
export function network(text: string): string {
  const [address = '', length] = text.split('/');
  const family = familyOf(address);
  if (family === undefined) return text;
  const size = family === 'v4' ? 32 : 128;
  const bits = length === undefined ? size : Number(length);
  const first = family === 'v4' ? firstIPv4(address, bits) : firstIPv6(address, bits);
  return `${first}/${bits}`;
}

/** True for a network that holds every address of its family: tools leave such a test out. */
export function isEverything(text: string): boolean {
  return text.endsWith('/0');
}

function firstIPv4(address: string, bits: number): string {
  const bytes = address.split('.').map(Number);
  return bytes.map((byte, index) => byte & maskOf(8, bits - index * 8)).join('.');
}

function firstIPv6(address: string, bits: number): string {
  const groups = ipv6Groups(address);
  const masked = groups.map((group, index) => (group & maskOf(16, bits - index * 16)).toString(16));
  return canonicalIPv6(masked.join(':'));
}

/** @param kept how many of the leading bits stay; less than none and more than all are fine */
function maskOf(width: number, kept: number): number {
  const full = 2 ** width - 1;
  return full - (2 ** Math.min(width, Math.max(0, width - kept)) - 1);
}

function ipv6Groups(address: string): readonly number[] {
  const plain = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_all, ...bytes: string[]) => {
    const [a = 0, b = 0, c = 0, d = 0] = bytes.slice(0, 4).map(Number);
    return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  });
  const [head = '', tail] = plain.split('::');
  const left = head.split(':').filter((group) => group !== '');
  const right = (tail ?? '').split(':').filter((group) => group !== '');
  const gap = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...(tail === undefined ? [] : gap), ...right].map((group) => Number.parseInt(group, 16));
}

/** @param range a network as `network` spells it; @param address of any family */
export function holdsAddress(range: string, address: string): boolean {
  const [first = '', bits = ''] = range.split('/');
  const [family, other] = [familyOf(first), familyOf(address)];
  if (family === undefined || family !== other) return false;
  const list = new BlockList();
  const type = family === 'v4' ? 'ipv4' : 'ipv6';
  list.addSubnet(first, Number(bits), type);
  return list.check(address, type);
}

/** `1:5`, `1-5` and, for a single one, `5:5`. Anything else, a name for example, stays. */
export function numberRange(text: string): string {
  const [from = '', to = from] = text.split(/[:-]/);
  if (!/^\d+$/.test(from) || !/^\d+$/.test(to)) return text;
  return Number(from) === Number(to) ? String(Number(from)) : `${Number(from)}-${Number(to)}`;
}

export function holdsNumber(range: string, value: number): boolean {
  const [from = '', to = from] = range.split('-');
  return Number(from) <= value && value <= Number(to);
}

/** `1337`, `0x539` and `0x539/0xffffffff`. */
export function mark(text: string): string {
  const { value, mask } = markParts(text);
  return markText(value, mask);
}

export function markParts(text: string): { readonly value: number; readonly mask: number } {
  const [value, mask] = text.split('/');
  return { value: Number(value), mask: mask === undefined ? ALL_BITS : Number(mask) };
}

export function holdsMark(test: string, value: number): boolean {
  const wanted = markParts(test);
  return (value & wanted.mask) >>> 0 === wanted.value;
}

/** An interface name, or one that ends in `+`: every name that begins so. */
export function holdsName(pattern: string, name: string): boolean {
  return pattern.endsWith('+') ? name.startsWith(pattern.slice(0, -1)) : pattern === name;
}
