import assert from 'node:assert/strict';

import * as fc from 'fast-check';

import { journey } from '../../../iptables/explain/journey.ts';
import { type Packet, packetFamily } from '../../../iptables/explain/packet.ts';
import { plannedIptables, plannedNftables } from '../../../iptables/model/rule-set.ts';
import { planNftRules } from '../../../iptables/nft/plan.ts';
import { planRules } from '../../../iptables/rules/plan.ts';
import { resolveCapture } from '../../../iptables/settings/capture-config.ts';
import { anySettings } from '../any-settings.ts';
import { podSettings } from '../settings-example.ts';

const OWN_CALL: Packet = {
  hook: 'outbound',
  proto: 'tcp',
  src: '10.0.0.5',
  dst: '10.0.0.5',
  dport: 80,
  out: 'lo',
  uid: 1337,
  gid: 1337,
  ctstate: 'NEW',
};
const TPROXY_RULES = plannedIptables(
  planRules(resolveCapture(podSettings({ inboundInterceptionMode: 'TPROXY' }))).v4,
);

const numbers = fc.constantFrom(1, 53, 80, 15_008, 15_053, 20_000);
const sides = fc.constantFrom(
  ['10.0.0.5', '10.96.1.1'],
  ['127.0.0.6', '10.0.0.5'],
  ['127.0.0.1', '127.0.0.1'],
  ['fd00::5', 'fd00:7::1'],
  ['::6', 'fd00::5'],
);
type Drawn = Omit<Packet, 'src' | 'dst' | 'in' | 'out' | 'uid' | 'gid'> & {
  readonly sides: readonly string[];
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
};

const anyPacket: fc.Arbitrary<Packet> = fc
  .record({
    hook: fc.constantFrom('inbound' as const, 'outbound' as const),
    proto: fc.constantFrom('tcp', 'udp'),
    sides,
    dport: numbers,
    sport: numbers,
    name: fc.constantFrom('lo', 'eth0', 'net1'),
    uid: fc.integer({ min: 0, max: 5 }),
    gid: fc.integer({ min: 0, max: 5 }),
    ctstate: fc.constantFrom('NEW', 'ESTABLISHED', 'RELATED'),
    mark: fc.constantFrom(0, 7, 1337, 1338),
    connmark: fc.constantFrom(0, 7, 1337),
  })
  .map(packetOf);

function packetOf({ sides, name, uid, gid, ...rest }: Drawn): Packet {
  const [src = '', dst = ''] = sides;
  const packet = { ...rest, src, dst };
  return packet.hook === 'inbound' ? { ...packet, in: name } : { ...packet, out: name, uid, gid };
}

describe('journey', () => {
  it('brings what is redirected in again over lo, where nat is not asked', () => {
    const { verdict, overLo } = journey(TPROXY_RULES, OWN_CALL);

    assert.deepEqual(verdict, { verdict: 'REDIRECT', port: 15_006, mark: 1338 });
    assert.equal(overLo?.packet.dst, '127.0.0.1');
    assert.ok(overLo.met.every(({ table }) => table !== 'nat'));
  });

  it('ends where rules for arriving packets bring what came over lo', () => {
    const { verdict, first } = journey(TPROXY_RULES, { ...OWN_CALL, dport: 15_008 });

    assert.equal(first.verdict.verdict, 'PASS');
    assert.deepEqual(verdict, { verdict: 'TPROXY', port: 15_006, mark: 1337 });
  });

  it('ends at once for what leaves by another interface', () => {
    assert.equal(
      journey(TPROXY_RULES, { ...OWN_CALL, dst: '10.9.9.9', out: 'eth0', uid: 1337 }).overLo,
      undefined,
    );
  });

  it('ends at the same place by rules of iptables and of nftables', () => {
    const owners = fc.constantFrom('1', '2', '1,2');
    const settings = fc
      .tuple(anySettings, owners, owners)
      .map(([any, proxyUID, proxyGID]) => podSettings({ ...any, proxyUID, proxyGID, enableIPv6: true }));

    fc.assert(
      fc.property(settings, fc.array(anyPacket, { minLength: 10, maxLength: 10 }), (given, packets) => {
        const config = resolveCapture(given);
        const native = plannedNftables(planNftRules(config));
        for (const packet of packets) {
          const rules = plannedIptables(planRules(config)[packetFamily(packet)]);
          assert.deepEqual(journey(native, packet).verdict, journey(rules, packet).verdict);
        }
      }),
      { numRuns: 300 },
    );
  });
});
