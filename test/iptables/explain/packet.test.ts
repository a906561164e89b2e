import assert from 'node:assert/strict';

import { CaptureError } from '../../../iptables/errors.ts';
import { parsePacket } from '../../../iptables/explain/packet.ts';

describe('parsePacket', () => {
  it('reads every key, in any order', () => {
    const text =
      'hook=INBOUND,proto=TCP,src=10.0.0.1,dst=10.0.0.2,sport=1,dport=2,in=eth0,out=lo,uid=3,gid=4,' +
      'ctstate=new,mark=0x539,connmark=6';

    assert.deepEqual(parsePacket(text), {
      hook: 'inbound',
      proto: 'tcp',
      src: '10.0.0.1',
      dst: '10.0.0.2',
      sport: 1,
      dport: 2,
      in: 'eth0',
      out: 'lo',
      uid: 3,
      gid: 4,
      ctstate: 'NEW',
      mark: 1337,
      connmark: 6,
    });
  });

  it('spells IPv6 addresses canonically, and knows nothing of an empty text', () => {
    assert.deepEqual(parsePacket('dst=FD00:0::1'), { dst: 'fd00::1' });
    assert.deepEqual(parsePacket(''), {});
  });

  it('takes names of users and groups that are known', () => {
    const ids = { users: new Map([['istio-proxy', '1337']]), groups: new Map([['mesh', '99']]) };

    assert.deepEqual(parsePacket('uid=istio-proxy,gid=mesh', ids), { uid: 1337, gid: 99 });
  });

  for (const [text, words] of [
    ['dport', /"dport" is not one of hook=/],
    ['toString=1', /"toString=1" is not one of/],
    ['dport=65536', /"65536" is no port/],
    ['dport=', /"" is no port/],
    ['src=10.0.0', /"10.0.0" is no address/],
    ['hook=sideways', /"sideways" is no hook/],
    ['uid=root', /"root" is no user of this image/],
    ['ctstate=OLD', /"OLD" is no ctstate/],
    ['dport=1,dport=2', /dport is given twice/],
    ['src=10.0.0.1,dst=::1', /different families/],
  ] as const) {
    it(`refuses "${text}" with one line and a stable id`, () => {
      assert.throws(
        () => parsePacket(text),
        (error: unknown) => {
          assert.ok(error instanceof CaptureError);
          assert.equal(error.id, 'IPT-BAD-PACKET');
          assert.match(error.message, words);
          return true;
        },
      );
    });
  }
});
