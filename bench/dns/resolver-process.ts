// A program: a resolver that knows one address for everything, with as little work as a server on node:dgram can have.
// Prints its port, then runs until it is ended.

import { createSocket } from 'node:dgram';

/** An answer for the name at byte 12: class IN, 30 seconds, 192.0.2.1. */
const RECORD = Buffer.from('c00c000100010000001e0004c0000201', 'hex');
const HEADER_BYTES = 12;
const QUESTION_FIELDS_BYTES = 4;

const socket = createSocket({ type: 'udp4', lookup: (host, _options, found) => found(null, host, 4) });
socket.on('message', (query, { port, address }) => {
  const questionEnd = query.indexOf(0, HEADER_BYTES) + 1 + QUESTION_FIELDS_BYTES;
  const reply = Buffer.allocUnsafe(questionEnd + RECORD.length);
  query.copy(reply, 0, 0, questionEnd);
  RECORD.copy(reply, questionEnd);
  reply.writeUInt16BE(0x8180, 2);
  reply.writeUInt16BE(1, 6);
  reply.writeUInt32BE(0, 8);
  socket.send(reply, port, address);
});
socket.bind(0, '127.0.0.1', () => console.log(`port ${socket.address().port}`));
