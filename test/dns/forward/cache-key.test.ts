import { equal, notEqual } from 'node:assert/strict';

import { cacheKey, sharedKey } from '../../../src/dns/forward/cache-key.ts';
import { readMessage, type Message } from '../../../src/dns/messages/message.ts';
import { encodeQuery, FLAG, type Query } from '../support/wire.ts';

const AD = 0x0020;
const DO_OFFSET_FROM_END = 4;

function query(options: Query = {}, change: (bytes: Buffer) => void = () => undefined): Message {
  const bytes = encodeQuery({ name: 'a.example.', ...options });
  change(bytes);
  return readMessage(bytes) as Message;
}

const setDo = (bytes: Buffer): unknown => bytes.writeUInt8(0x80, bytes.length - DO_OFFSET_FROM_END);

describe('cacheKey', () => {
  it('is the same for the same question under any id, in any case, of any size', () => {
    equal(cacheKey(query({ id: 1 })), cacheKey(query({ id: 2, name: 'A.Example.' })));
    equal(cacheKey(query({ edns: 1232 })), cacheKey(query({ edns: 4096 })));
  });

  const others: [string, Message][] = [
    ['another name', query({ name: 'b.example.' })],
    ['another type', query({ type: 'AAAA' })],
    ['another class', query({}, (bytes) => bytes.writeUInt16BE(3, bytes.length - 2))],
    ['without recursion', query({ flags: 0 })],
    ['without checking', query({ flags: FLAG.RD | FLAG.CD })],
    ['about authentic data', query({ flags: FLAG.RD | AD })],
    ['with EDNS', query({ edns: 1232 })],
  ];
  for (const [what, other] of others) {
    it(`is another one for a question ${what}`, () => {
      notEqual(cacheKey(other), undefined);
      notEqual(cacheKey(other), cacheKey(query()));
    });
  }

  it('is another one for a question about signatures', () => {
    notEqual(cacheKey(query({ edns: 1232 }, setDo)), cacheKey(query({ edns: 1232 })));
  });

  const own: [string, Message | undefined][] = [
    ['with options of EDNS', withCookie()],
    ['of another kind', query({ opcode: 4 })],
    ['about a name that is no host name', query({ name: 'a b.example.' })],
  ];
  for (const [what, special] of own) {
    it(`is none for a question ${what}`, () => {
      notEqual(special, undefined);
      equal(special && cacheKey(special), undefined);
    });
  }

  function withCookie(): Message | undefined {
    const bytes = encodeQuery({ name: 'a.example.', edns: 1232 });
    const cookie = Buffer.from('000a00080102030405060708', 'hex');
    bytes.writeUInt16BE(cookie.length, bytes.length - 2);
    return readMessage(Buffer.concat([bytes, cookie]));
  }
});

describe('sharedKey', () => {
  it('tells protocols and sizes apart', () => {
    const keys = [
      sharedKey('k', query(), 'udp'),
      sharedKey('k', query(), 'tcp'),
      sharedKey('k', query({ edns: 1232 }), 'udp'),
    ];

    equal(new Set(keys).size, 3);
  });
});
