import { deepEqual, equal } from 'node:assert/strict';

import * as fc from 'fast-check';

import { assemblingFrames, FrameAssembly } from '../../src/xds-proxy/frame-assembly.ts';
import { CLUSTER_TYPE } from '../../src/xds/type-urls.ts';
import { responseBytes } from './messages.ts';
import { openStream } from './open-stream.ts';

function frame(message: Uint8Array): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}

describe('FrameAssembly', () => {
  it('finds every message again, however its bytes are cut', () => {
    const messages = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 });

    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1 }), (given, cuts) => {
        const frames = given.map(frame);
        const bytes = Buffer.concat(frames);
        const assembly = new FrameAssembly();
        const found: Buffer[] = [];
        for (let at = 0, turn = 0; at < bytes.length; turn++) {
          const size = cuts[turn % cuts.length] ?? 1;
          found.push(...assembly.write(bytes.subarray(at, at + size)));
          at += size;
        }
        deepEqual(found, frames);
      }),
    );
  });

  it('gives each frame memory of its own', () => {
    const bytes = Buffer.concat([frame(Buffer.from('abc')), frame(Buffer.from('de'))]);

    const frames = new FrameAssembly().write(bytes);
    bytes.fill(0);

    deepEqual(
      frames.map(({ buffer, byteOffset }) => [byteOffset, buffer.byteLength]),
      [
        [0, 8],
        [0, 7],
      ],
    );
    equal(frames[0]?.toString('latin1'), '\0\0\0\0\x03abc');
  });
});

describe('assemblingFrames', () => {
  it('leaves alone what has read already, and a call that is built in another way', () => {
    const own = (): Buffer[] => [];
    const late = { call: { child: { decoder: { readState: 1, write: own } } } };
    const other = { below: {} };

    for (const call of [late, other]) assemblingFrames(call);

    equal(late.call.child.decoder.write, own);
    deepEqual(other, { below: {} });
  });

  it('spares the proxy the join at the end of a large response', async () => {
    await using stream = await openStream({});
    const { client, served } = stream;
    const response = responseBytes('sotw', CLUSTER_TYPE, { values: [Buffer.alloc(1_000_000)] });

    const joins = await joinsOf(response.length, async () => {
      await served.send(response);
      equal(Buffer.compare(await client.responses.next(), response), 0);
    });

    equal(joins, 1, 'that of Envoy, which is in this process too');
  });
});

/** How often pieces are joined to at least so many bytes meanwhile. */
async function joinsOf(sizeBytes: number, meanwhile: () => Promise<void>): Promise<number> {
  const concat = Buffer.concat.bind(Buffer);
  let joins = 0;
  Buffer.concat = (...args: Parameters<typeof concat>) => {
    const joined = concat(...args);
    if (joined.length >= sizeBytes) joins += 1;
    return joined;
  };
  try {
    await meanwhile();
  } finally {
    Buffer.concat = concat;
  }
  return joins;
}
