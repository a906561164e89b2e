// Random capture settings that every check accepts, for properties of rules.

import * as fc from 'fast-check';

import type { CaptureSettings } from '../../iptables/settings/capture-config.ts';
import { podSettings } from './settings-example.ts';

function listOf(item: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.uniqueArray(item, { maxLength: 3 }).map((items) => items.join(','));
}

const port = fc.integer({ min: 1, max: 65_535 }).map(String);
const portOrRange = fc.oneof(
  port,
  fc
    .tuple(fc.integer({ min: 1, max: 30_000 }), fc.integer({ min: 1, max: 30_000 }))
    .map(([from, count]) => `${from}:${from + count}`),
);
const id = fc.integer({ min: 1, max: 65_000 }).map(String);
const interfaceName = fc.constantFrom('eth0', 'net1', 'net2', 'tun.7');
const byte = fc.integer({ min: 0, max: 255 });
const serverV4 = fc.tuple(byte, byte).map(([a, b]) => `10.96.${a}.${b}`);
const serverV6 = fc.integer({ min: 1, max: 0xffff }).map((number) => `fd00::${number.toString(16)}`);
const rangeV4 = fc
  .tuple(byte, byte, fc.integer({ min: 8, max: 32 }))
  .map(([a, b, bits]) => `10.${a}.${b}.0/${bits}`);
const rangeV6 = fc.integer({ min: 16, max: 64 }).map((bits) => `fd00:7::/${bits}`);
const range = fc.oneof(rangeV4, rangeV6, fc.constant('127.0.0.0/8'));

/** Owners are numbers, so that no host must know them by name. */
export const anySettings: fc.Arbitrary<CaptureSettings> = fc
  .record({
    proxyUID: id,
    proxyGID: listOf(id),
    inboundInterceptionMode: fc.constantFrom('REDIRECT', 'TPROXY', ''),
    inboundTProxyMark: fc.constantFrom('1337', '0x53b', '7'),
    inboundPortsInclude: fc.oneof(fc.constant('*'), fc.constant(''), listOf(portOrRange)),
    inboundPortsExclude: listOf(portOrRange),
    ownerGroupsInclude: fc.oneof(fc.constant('*'), listOf(id)),
    ownerGroupsExclude: listOf(id),
    outboundPortsInclude: listOf(portOrRange),
    outboundPortsExclude: listOf(portOrRange),
    outboundIPRangesInclude: fc.oneof(fc.constant('*'), listOf(range)),
    outboundIPRangesExclude: listOf(range),
    rerouteVirtualInterfaces: listOf(interfaceName),
    excludeInterfaces: listOf(interfaceName),
    redirectDNS: fc.boolean(),
    captureAllDNS: fc.boolean(),
    dropInvalid: fc.boolean(),
    enableIPv6: fc.boolean(),
    dnsServersV4: fc.uniqueArray(serverV4, { maxLength: 2 }),
    dnsServersV6: fc.uniqueArray(serverV6, { maxLength: 2 }),
  })
  .map((changes) => podSettings(changes));
