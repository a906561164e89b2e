import assert from 'node:assert/strict';

import type { Packet } from '../../../iptables/explain/packet.ts';
import { type Walk, walk } from '../../../iptables/explain/walk.ts';
import { plannedIptables } from '../../../iptables/model/rule-set.ts';
import { append } from '../../../iptables/rules/rule.ts';

const SENT: Packet = {
  hook: 'outbound',
  proto: 'tcp',
  dst: '10.0.0.9',
  dport: 80,
  out: 'eth0',
  uid: 7,
  gid: 7,
};

/** @param rules as `table chain words` */
function walked(packet: Packet, ...rules: readonly string[]): Walk {
  const rows = rules.map((text) => {
    const [table = '', chain = '', ...words] = text.split(' ');
    return append(table, chain, words.join(' '), '');
  });
  return walk(plannedIptables(rows), packet);
}

describe('walk', () => {
  it('goes back to where it jumped from, and on', () => {
    const { verdict, met } = walked(
      SENT,
      'nat OUTPUT -j A',
      'nat OUTPUT -p tcp -j REDIRECT --to-ports 1',
      'nat A -p tcp -j RETURN',
      'nat A -j DROP',
    );

    assert.deepEqual(verdict, { verdict: 'REDIRECT', port: 1 });
    assert.deepEqual(
      met.map(({ chain }) => chain),
      ['OUTPUT', 'A', 'OUTPUT'],
    );
  });

  it('goes back one chain further after a goto', () => {
    const { verdict } = walked(SENT, 'nat OUTPUT -g A', 'nat OUTPUT -j DROP', 'nat A -p udp -j DROP');

    assert.deepEqual(verdict, { verdict: 'PASS' });
  });

  it('asks the next table after ACCEPT, and none after DROP', () => {
    const accepted = walked(
      SENT,
      'mangle OUTPUT -j ACCEPT',
      'mangle OUTPUT -j DROP',
      'nat OUTPUT -j REDIRECT --to-ports 1',
    );
    const dropped = walked(SENT, 'mangle OUTPUT -j DROP', 'nat OUTPUT -j REDIRECT --to-ports 1');

    assert.deepEqual(accepted.verdict, { verdict: 'REDIRECT', port: 1 });
    assert.deepEqual(dropped.verdict, { verdict: 'DROP' });
    assert.equal(dropped.met.length, 1);
  });

  it('asks nat for the first packet of a connection only', () => {
    const states = ['NEW', 'RELATED', 'ESTABLISHED', 'INVALID', 'UNTRACKED'];
    const verdicts = states.map(
      (ctstate) => walked({ ...SENT, ctstate }, 'nat OUTPUT -j REDIRECT --to-ports 1').verdict.verdict,
    );

    assert.deepEqual(verdicts, ['REDIRECT', 'REDIRECT', 'PASS', 'PASS', 'PASS']);
  });

  it('keeps the first zone', () => {
    const { verdict } = walked(SENT, 'raw OUTPUT -j CT --zone 1', 'raw OUTPUT -j CT --zone 2');

    assert.deepEqual(verdict, { verdict: 'PASS', ctZone: 1 });
  });

  it('lets the socket that TPROXY chose win over a later redirection', () => {
    const arriving: Packet = { hook: 'inbound', proto: 'tcp', dst: '10.0.0.9', dport: 80, in: 'eth0' };
    const { verdict, packet } = walked(
      arriving,
      'mangle PREROUTING -p tcp -j TPROXY --tproxy-mark 7/0xffffffff --on-port 15006',
      'nat PREROUTING -p tcp -j REDIRECT --to-ports 15001',
    );

    assert.deepEqual(verdict, { verdict: 'TPROXY', port: 15_006, mark: 7 });
    assert.equal(packet.dport, 15_001);
  });

  it('moves marks between packet and connection', () => {
    const saved = walked({ ...SENT, mark: 5 }, 'mangle OUTPUT -j CONNMARK --save-mark');
    const restored = walked(
      { ...SENT, connmark: 5 },
      'mangle OUTPUT -m connmark --mark 5 -j CONNMARK --restore-mark',
      'mangle OUTPUT -m mark --mark 5 -j DROP',
    );

    assert.equal(saved.packet.connmark, 5);
    assert.equal(restored.verdict.verdict, 'DROP');
  });

  it("ends in others' loops and targets too", () => {
    const loop = walked(SENT, 'nat OUTPUT -j A', 'nat A -j A');
    const translated = walked(SENT, 'nat OUTPUT -j DNAT --to-destination 10.9.9.9', 'nat OUTPUT -j DROP');

    assert.equal(loop.verdict.verdict, 'PASS');
    assert.equal(translated.verdict.verdict, 'PASS');
  });
});
