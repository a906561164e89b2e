import { deepEqual, equal } from 'node:assert/strict';
import { Readable } from 'node:stream';

import { frame, framedMessages } from '../../../src/dns/listen/tcp-frames.ts';

async function read(...chunks: readonly Buffer[]): Promise<string[]> {
  const messages: string[] = [];
  for await (const message of framedMessages(Readable.from(chunks))) messages.push(message.toString());
  return messages;
}

describe('frame', () => {
  it('puts the length in front', () => {
    equal(frame(Buffer.from('abc')).toString('latin1'), '\0\x03abc');
  });
});

describe('framedMessages', () => {
  const stream = Buffer.concat([
    frame(Buffer.from('one')),
    frame(Buffer.alloc(0)),
    frame(Buffer.from('three')),
  ]);

  it('finds every message of one chunk', async () => {
    deepEqual(await read(stream), ['one', '', 'three']);
  });

  it('finds them byte by byte', async () => {
    deepEqual(await read(...Array.from(stream, (byte) => Buffer.from([byte]))), ['one', '', 'three']);
  });

  it('drops what is not whole', async () => {
    deepEqual(await read(stream.subarray(0, -1)), ['one', '']);
  });
});
