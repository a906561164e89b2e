import assert from 'node:assert/strict';

import { readIptablesRule } from '../../../iptables/model/iptables-words.ts';
import { meaningOf, type ReadRule } from '../../../iptables/model/read-rule.ts';
import { shellWords } from '../../../iptables/rules/shell-words.ts';

const NAT = { table: 'nat', chain: 'ISTIO_OUTPUT' };
const read = (text: string): ReadRule => readIptablesRule(NAT, shellWords(text), text);

describe('readIptablesRule', () => {
  for (const [planned, saved] of [
    ['-p tcp --dport 15008 -j RETURN', '-p tcp -m tcp --dport 15008 -j RETURN'],
    ['-o lo ! -d 127.0.0.1/32 -p tcp -j A', '! -d 127.0.0.1/32 -o lo -p tcp -j A'],
    ['-d 10.1.2.3/8 -j RETURN', '-d 10.0.0.0/8 -j RETURN'],
    ['-d FD00:1::1/32 -j RETURN', '-d fd00:1::/32 -j RETURN'],
    ['-d 0.0.0.0/0 -j RETURN', '-j RETURN'],
    ['-p tcp --dport 7:7 -j RETURN', '-p tcp -m tcp --dport 7 -j RETURN'],
    ['-p tcp -m mark --mark 1337 -j RETURN', '-p tcp -m mark --mark 0x539 -j RETURN'],
    ['-j MARK --set-mark 1337', '-j MARK --set-xmark 0x539/0xffffffff'],
    [
      '-p udp --dport 53 -j REDIRECT --to-port 15053',
      '-p udp -m udp --dport 53 -j REDIRECT --to-ports 15053',
    ],
    [
      '! -d 127.0.0.1/32 -p tcp -j TPROXY --tproxy-mark 1337/0xffffffff --on-port 15006',
      '! -d 127.0.0.1/32 -p tcp -j TPROXY --on-port 15006 --on-ip 0.0.0.0 --tproxy-mark 0x539/0xffffffff',
    ],
    ['-j CONNMARK --save-mark', '-j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff'],
    ['-m conntrack --ctstate RELATED,ESTABLISHED -j A', '-m conntrack --ctstate ESTABLISHED,RELATED -j A'],
    ['-p tcp -j A', '-p tcp -m comment --comment "sidecar-agent/the proxy\'s -j own" -j A'],
  ] as const) {
    it(`reads "${planned}" and what is saved of it alike`, () => {
      assert.equal(meaningOf(read(planned)), meaningOf(read(saved)));
    });
  }

  for (const [one, other] of [
    ['-p tcp -j A', '-p tcp -j B'],
    ['-p tcp --dport 1 -j A', '-p tcp --sport 1 -j A'],
    ['-o lo -j A', '! -o lo -j A'],
    ['-m owner --uid-owner 1 -j A', '-m owner --gid-owner 1 -j A'],
    ['-m mark --mark 1 -j A', '-m connmark --mark 1 -j A'],
    ['-j CONNMARK --save-mark', '-j CONNMARK --restore-mark'],
    ['-m length --length 1 -j A', '-m length --length 2 -j A'],
    ['-j A', '-g A'],
  ] as const) {
    it(`tells "${one}" from "${other}"`, () => {
      assert.notEqual(meaningOf(read(one)), meaningOf(read(other)));
    });
  }

  it('takes names of users and groups for their numbers', () => {
    const ids = { users: new Map([['envoy', '1337']]), groups: new Map([['mesh', '99']]) };
    const words = shellWords('-m owner ! --uid-owner envoy -m owner --gid-owner mesh -j RETURN');

    assert.deepEqual(readIptablesRule(NAT, words, '', ids).tests, [
      { field: 'uid', negated: true, values: ['1337'] },
      { field: 'gid', negated: false, values: ['99'] },
    ]);
  });

  it('keeps the comment, and takes a match of others for a test that nobody can decide', () => {
    const { comment, tests } = read('-m bpf --object-pinned /x -m comment --comment "a b" -j RETURN');

    assert.equal(comment, 'a b');
    assert.ok(tests.every(({ field }) => field === 'unknown'));
    assert.ok(tests.length > 0);
  });
});
