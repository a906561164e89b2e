import { deepEqual, equal, ok } from 'node:assert/strict';

import { readMessage, type Message } from '../../../src/dns/messages/message.ts';
import { fitReply, headerReply, RCODE, replyHead, withId } from '../../../src/dns/messages/replies.ts';
import { decode, encodeAnswer, encodeQuery, FLAG, optRecord } from '../support/wire.ts';

function message(bytes: Buffer): Message {
  const read = readMessage(bytes);
  if (read === undefined) throw new Error('not a message');
  return read;
}

const ADDRESSES = Array.from({ length: 64 }, (_, index) => `10.0.0.${index}`);

describe('headerReply', () => {
  it('repeats id, opcode and what the asker wants, and nothing else', () => {
    const query = encodeQuery({ id: 0x1234, opcode: 5, flags: FLAG.RD | FLAG.CD | FLAG.TC | FLAG.RA });

    const reply = headerReply(query, RCODE.NOTIMP);

    equal(reply.toString('hex'), `1234a914${'0000'.repeat(4)}`);
  });

  it('leaves out the opcode of a malformed query', () => {
    const reply = headerReply(encodeQuery({ id: 7, opcode: 4 }), RCODE.FORMERR);

    equal(reply.toString('hex'), `00078101${'0000'.repeat(4)}`);
  });
});

describe('replyHead', () => {
  it('repeats the question in the case it was asked', () => {
    const query = message(encodeQuery({ id: 9, name: 'WeB.example.', flags: FLAG.RD | FLAG.CD, edns: 4096 }));

    const reply = decode(replyHead(query, RCODE.SERVFAIL));

    equal(reply.flags, FLAG.QR | FLAG.RD | FLAG.CD | 2);
    deepEqual(reply.questions, [{ name: 'WeB.example.', type: 'A' }]);
    deepEqual([reply.answers, reply.additionals], [[], []]);
  });
});

describe('withId', () => {
  it('changes a copy', () => {
    const query = encodeQuery({ id: 1 });

    equal(withId(query, 2).readUInt16BE(0), 2);
    equal(query.readUInt16BE(0), 1);
  });
});

describe('fitReply', () => {
  const query = encodeQuery({ name: 'giant.' });

  it('leaves what fits as it is, byte for byte', () => {
    const answer = encodeAnswer(query, { addresses: ADDRESSES, flags: FLAG.TC });

    equal(fitReply(message(answer), answer.length), answer);
  });

  it('keeps as many records as fit, and says that some are missing', () => {
    const answer = encodeAnswer(query, { addresses: ADDRESSES });

    const cut = fitReply(message(answer), 512);

    const reply = decode(cut);
    equal(reply.answers.length, 30);
    ok(cut.length <= 512 && cut.length + 16 > 512);
    equal(reply.flags & FLAG.TC, FLAG.TC);
    deepEqual(
      reply.answers.map(({ data }) => data),
      ADDRESSES.slice(0, 30),
    );
  });

  it('keeps the OPT record before all others', () => {
    const bare = encodeAnswer(query, { addresses: ADDRESSES });
    bare.writeUInt16BE(1, 10);
    const answer = Buffer.concat([bare, optRecord(1232)]);

    const reply = decode(fitReply(message(answer), 512));

    equal(reply.answers.length, 29);
    deepEqual(
      reply.additionals.map(({ type }) => type),
      ['OPT'],
    );
  });

  it('counts what is left in each section', () => {
    const answer = encodeAnswer(query, { addresses: ADDRESSES.slice(0, 40) });
    answer.writeUInt16BE(10, 6);
    answer.writeUInt16BE(10, 8);
    answer.writeUInt16BE(20, 10);

    const reply = decode(fitReply(message(answer), 512));

    deepEqual([reply.answers.length, reply.authorities.length, reply.additionals.length], [10, 10, 10]);
  });

  it('keeps an OPT record in the midst of others where it is', () => {
    const bare = encodeAnswer(query, { addresses: ADDRESSES });
    const tenth = bare.length - 54 * 16;
    const answer = Buffer.concat([bare.subarray(0, tenth), optRecord(1232), bare.subarray(tenth)]);
    answer.writeUInt16BE(10, 6);
    answer.writeUInt16BE(55, 10);

    const reply = decode(fitReply(message(answer), 512));

    deepEqual([reply.answers.length, reply.additionals.length], [10, 20]);
    equal(reply.additionals[0]?.type, 'OPT');
  });

  it('leaves out an OPT record that does not fit itself', () => {
    const bare = encodeAnswer(query, { addresses: ADDRESSES });
    bare.writeUInt16BE(1, 10);
    const option = Buffer.concat([optRecord(1232), Buffer.alloc(600)]);
    option.writeUInt16BE(600, 9);

    const cut = fitReply(message(Buffer.concat([bare, option])), 512);

    const reply = decode(cut);
    deepEqual([reply.answers.length, reply.additionals], [30, []]);
    equal(reply.flags & FLAG.TC, FLAG.TC);
  });

  it('fails where the questions alone do not fit', () => {
    const questions = Array.from({ length: 80 }, () => ({ name: 'giant.', type: 'A' }) as const);
    const answer = encodeQuery({ id: 9, questions, flags: FLAG.QR | FLAG.RD });

    const reply = decode(fitReply(message(answer), 512));

    deepEqual([reply.id, reply.rcode, reply.questions], [9, 2, questions.slice(0, 1)]);
  });
});
