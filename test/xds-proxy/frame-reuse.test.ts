import { deepEqual, equal } from 'node:assert/strict';

import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';

import { reusingFrames } from '../../src/xds-proxy/frame-reuse.ts';
import { CLUSTER_TYPE } from '../../src/xds/type-urls.ts';
import { responseBytes } from './messages.ts';
import { openStream } from './open-stream.ts';

const COPY = Buffer.from('a copy');

/** What a call of the library sends for the message that lies in the memory from `start` to `end`. */
function sent(memory: string, start: number, end: number): string {
  const framing = { serializeMessage: (_message: Buffer): Buffer => COPY };
  reusingFrames(framing as unknown as ServerInterceptingCallInterface);
  const bytes = Buffer.alloc(memory.length, memory, 'latin1');
  return framing.serializeMessage(bytes.subarray(start, end)).toString('latin1');
}

describe('reusingFrames', () => {
  it('sends a message with the header that is in front of it', () => {
    equal(sent('\0\0\0\0\x03abc', 5, 8), '\0\0\0\0\x03abc');
  });

  for (const [what, memory, start] of [
    ['with nothing in front of it', 'abc', 0],
    ['with less than a header in front of it', '\0\0\0\x03abc', 4],
    ['with a header for another length', '\0\0\0\0\x04abc', 5],
    ['with the header of a compressed message', '\x01\0\0\0\x03abc', 5],
    ['that shares its memory with what is before it', 'x\0\0\0\0\x03abc', 6],
    ['that shares its memory with what is behind it', '\0\0\0\0\x03abcx', 5],
  ] as const) {
    it(`lets the library copy a message ${what}`, () => {
      equal(sent(memory, start, start + 3), String(COPY));
    });
  }

  it('leaves a call alone that frames in another way', () => {
    const call = {} as ServerInterceptingCallInterface;

    equal(reusingFrames(call), call);
    deepEqual(call, {});
  });

  it('spares the proxy every copy of a response that it sends on', async () => {
    await using stream = await openStream({});
    const { client, served } = stream;
    const response = responseBytes('sotw', CLUSTER_TYPE, { values: [Buffer.alloc(1_000_000)] });

    const copies = await copiesOf(response.length, async () => {
      await served.send(response);
      equal(Buffer.compare(await client.responses.next(), response), 0);
    });

    equal(copies, 1, 'that of the control plane, which is in this process too');
  });
});

/** How often a buffer of so many bytes is copied as a whole meanwhile. */
async function copiesOf(sizeBytes: number, meanwhile: () => Promise<void>): Promise<number> {
  const { copy } = Buffer.prototype;
  let copies = 0;
  Buffer.prototype.copy = function (this: Buffer, ...args: Parameters<typeof copy>): number {
    if (this.length === sizeBytes) copies += 1;
    return copy.apply(this, args);
  };
  try {
    await meanwhile();
  } finally {
    Buffer.prototype.copy = copy;
  }
  return copies;
}
