import assert from 'node:assert/strict';

import { completePacket } from '../../../iptables/explain/assumptions.ts';
import { parsePacket } from '../../../iptables/explain/packet.ts';

const AROUND = {
  addresses: ['10.0.0.5', 'fd00::5'],
  interfaces: ['lo', 'ifb0', 'eth0'],
  namedOwners: new Set([1000, 1001, 1337]),
};
const complete = (text: string) => completePacket(parsePacket(text), AROUND);

describe('completePacket', () => {
  it('takes a packet with a hook as it is', () => {
    const { packet, assumed } = complete('hook=outbound,proto=tcp');

    assert.deepEqual(packet, { hook: 'outbound', proto: 'tcp' });
    assert.deepEqual(assumed, []);
  });

  it('lets an application of no rule send what goes elsewhere, and says so', () => {
    const { packet, assumed } = complete('dst=10.1.2.3,dport=80');

    assert.deepEqual(packet, {
      hook: 'outbound',
      proto: 'tcp',
      src: '10.0.0.5',
      dst: '10.1.2.3',
      dport: 80,
      out: 'eth0',
      uid: 1002,
      gid: 1002,
      ctstate: 'NEW',
    });
    assert.ok(assumed.some((sentence) => sentence.includes('user 1002')));
    assert.equal(assumed.length, 7);
  });

  it('lets what comes from elsewhere to an own address arrive', () => {
    const { packet } = complete('src=10.9.9.9,dst=10.0.0.5,dport=80');

    assert.deepEqual([packet.hook, packet.in, packet.uid], ['inbound', 'eth0', undefined]);
  });

  for (const [text, source] of [
    ['dst=127.0.0.1,dport=1', '127.0.0.1'],
    ['dst=127.8.8.8,dport=1', '127.0.0.1'],
    ['dst=10.0.0.5,dport=1', '10.0.0.5'],
    ['dst=fd00::5,dport=1', 'fd00::5'],
    ['dst=::1,dport=1', '::1'],
  ] as const) {
    it(`sends ${text} over lo, from ${source}`, () => {
      const { packet } = complete(text);

      assert.deepEqual([packet.hook, packet.out, packet.src], ['outbound', 'lo', source]);
    });
  }

  it('believes a user, a group or an interface more than addresses', () => {
    assert.equal(complete('src=10.9.9.9,dst=10.0.0.5,dport=1,uid=7').packet.hook, 'outbound');
    assert.equal(complete('dst=10.9.9.9,dport=1,in=eth0').packet.hook, 'inbound');
    assert.equal(complete('dst=10.9.9.9,dport=1,uid=7').packet.gid, 7);
  });

  it('does not guess where a packet goes', () => {
    assert.throws(() => complete('src=10.9.9.9'), /--to ADDRESS:PORT/);
    assert.throws(() => complete('dst=fd00::9'), /--to \[fd00::9\]:PORT/);
    assert.equal(complete('dst=10.9.9.9,proto=icmp').packet.dport, undefined);
    assert.throws(() => complete('hook=inbound'), /proto is missing/);
  });
});
