import assert from 'node:assert/strict';

import { readNftRule } from '../../../iptables/model/nft-words.ts';
import { meaningOf, type ReadRule } from '../../../iptables/model/read-rule.ts';

const read = (text: string): ReadRule => readNftRule({ table: 'nat', chain: 'istio-output' }, text);

describe('readNftRule', () => {
  for (const [planned, listed] of [
    ['meta l4proto tcp tcp dport 15008 counter return', 'tcp dport 15008 counter packets 7 bytes 420 return'],
    ['oifname lo ip saddr 127.0.0.6/32 counter return', 'oifname "lo" ip saddr 127.0.0.6 counter return'],
    [
      'oifname lo meta l4proto tcp tcp dport != { 53, 15008 } skuid 1337 counter jump a',
      'oifname "lo" tcp dport != { 53, 15008 } meta skuid 1337 counter jump a',
    ],
    ['ct state related,established counter jump a', 'ct state established,related counter jump a'],
    ['mark 1337 counter ct mark set mark', 'meta mark 0x00000539 counter ct mark set meta mark'],
    ['ct mark 1337 counter meta mark set ct mark', 'ct mark 0x00000539 counter meta mark set ct mark'],
    ['udp dport 53 meta skuid 7 counter ct zone set 1', 'udp dport 53 meta skuid 7 counter ct zone set 1'],
    ['ip daddr 10.1.2.3/8 counter return', 'ip daddr 10.0.0.0/8 counter return'],
    ['counter redirect to :15001', 'counter redirect to :15001 comment "sidecar-agent/return drop"'],
  ] as const) {
    it(`reads "${planned}" and what is listed of it alike`, () => {
      assert.equal(meaningOf(read(planned)), meaningOf(read(listed)));
    });
  }

  it('reads a rule of several statements in their order', () => {
    const { actions } = read('meta l4proto tcp tproxy ip6 to :15006 meta mark set 1337 counter accept');

    assert.deepEqual(actions, [
      { do: 'tproxy', port: 15_006 },
      { do: 'mark', value: 1337, mask: 0xff_ff_ff_ff },
      { do: 'accept' },
    ]);
  });

  it('takes what it does not know for a test that nobody can decide', () => {
    const { tests } = read('fib daddr type local counter return');

    assert.ok(tests.some(({ field }) => field === 'unknown'));
  });
});
