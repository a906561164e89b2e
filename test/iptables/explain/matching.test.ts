import assert from 'node:assert/strict';

import { meetsAll } from '../../../iptables/explain/matching.ts';
import type { Packet } from '../../../iptables/explain/packet.ts';
import { readIptablesRule } from '../../../iptables/model/iptables-words.ts';
import { readNftRule } from '../../../iptables/model/nft-words.ts';

const PLACE = { table: 'nat', chain: 'OUTPUT' };
const PACKET: Packet = {
  hook: 'outbound',
  proto: 'tcp',
  src: '10.0.0.5',
  dst: '10.0.0.9',
  sport: 40_000,
  dport: 80,
  out: 'lo',
  uid: 7,
  gid: 8,
  ctstate: 'NEW',
  mark: 5,
};

const meets = (words: string, packet: Packet = PACKET): boolean =>
  meetsAll(readIptablesRule(PLACE, words.split(' '), '').tests, packet, 'iptables');

describe('a packet', () => {
  for (const words of [
    '-p tcp',
    '! -p udp',
    '-s 10.0.0.0/24',
    '! -d 127.0.0.1/32',
    '-p tcp --dport 79:81',
    '-p tcp -m multiport --dports 1,80',
    '-p tcp -m multiport ! --dports 53,15008',
    '-o lo',
    '-m owner --uid-owner 7',
    '-m owner ! --gid-owner 9',
    '-m conntrack --ctstate RELATED,NEW',
    '-m mark --mark 5',
    '-m mark ! --mark 4',
    '-m connmark --mark 0',
  ]) {
    it(`meets ${words}`, () => assert.ok(meets(`${words} -j A`)));
  }

  for (const words of [
    '-p udp',
    '-s 10.0.1.0/24',
    '! -d 10.0.0.0/8',
    '-p tcp ! --dport 80',
    '-p tcp -m multiport ! --dports 53,80',
    '-i lo',
    '! -o lo',
    '-m owner ! --uid-owner 7',
    '-m conntrack --ctstate INVALID',
    '-m connmark --mark 5',
    '-m bpf --object-pinned /x',
    '-d fd00::/8',
    '! -d fd00::/8',
  ]) {
    it(`does not meet ${words}`, () => assert.ok(!meets(`${words} -j A`)));
  }

  it('without a mark has mark 0', () => {
    const { mark: _none, ...unmarked } = PACKET;

    assert.ok(meets('-m mark ! --mark 5 -j A', unmarked));
    assert.ok(!meets('-m mark --mark 5 -j A', unmarked));
  });

  it('of the kernel itself is "not owned by" anybody for iptables, and nothing of the kind for nftables', () => {
    const { uid: _uid, gid: _gid, ...unowned } = PACKET;
    const { tests } = readNftRule(PLACE, 'skuid != 7 counter return');

    assert.ok(meets('-m owner ! --uid-owner 7 -j A', unowned));
    assert.ok(!meets('-m owner --uid-owner 7 -j A', unowned));
    assert.ok(!meetsAll(tests, unowned, 'nftables'));
    assert.ok(meetsAll(tests, { ...PACKET, uid: 1 }, 'nftables'));
  });
});
