import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { PassThrough, Readable, type Transform } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

import type { CompressingResponse } from '../../src/status/compressing-response.ts';
import { compressor } from '../../src/status/compression.ts';
import { serveCompressing } from './fixtures/compressing-server.ts';

const TEXT = { 'Content-Type': 'text/plain' };
const DECODERS: Readonly<Record<string, (bytes: Buffer) => Buffer>> = {
  gzip: (bytes) => gunzipSync(bytes),
  zstd: (bytes) => zstdDecompressSync(bytes),
};

interface Answer {
  readonly status: number | undefined;
  readonly coding: string | undefined;
  readonly length: string | undefined;
  readonly vary: string | undefined;
  readonly body: string;
}

async function answerOf(message: IncomingMessage): Promise<Answer> {
  const coding = message.headers['content-encoding'];
  const bytes = await buffer(message);
  const decoded = bytes.length > 0 ? DECODERS[coding ?? '']?.(bytes) : undefined;
  return {
    status: message.statusCode,
    coding,
    length: message.headers['content-length'],
    vary: message.headers.vary,
    body: (decoded ?? bytes).toString(),
  };
}

async function answered(
  handle: (response: CompressingResponse) => void | Promise<void>,
  acceptEncoding = 'gzip, zstd',
  method?: string,
): Promise<Answer> {
  await using server = await serveCompressing(handle);
  return await answerOf(await server.ask(acceptEncoding, method)); // before the server is closed
}

/** The number once it has stayed the same for a while, or has become large. */
async function steady(count: () => number): Promise<number> {
  let last = -1;
  for (let quiet = 0; quiet < 10 && last < 1000;) {
    await delay(20);
    quiet = count() === last ? quiet + 1 : 0;
    last = count();
  }
  return last;
}

async function eventually(isSo: () => boolean): Promise<void> {
  while (!isSo()) await delay(5);
}

const LONG = 'a line of many\n'.repeat(1000);

describe('CompressingResponse', () => {
  it('compresses a whole body, and takes back the length that was named', async () => {
    const answers = [
      await answered((response) => {
        response.writeHead(200, { ...TEXT, 'Content-Length': LONG.length }).end(LONG);
      }),
      await answered((response) => {
        response.setHeader('Content-Type', 'text/plain').setHeader('Content-Length', LONG.length).end(LONG);
      }),
    ];

    for (const answer of answers) {
      assert.deepEqual(answer, {
        status: 200,
        coding: 'zstd',
        length: undefined,
        vary: 'Accept-Encoding',
        body: LONG,
      });
    }
  });

  it('tells the writer that a short piece has been taken', async () => {
    const answer = await answered(async (response) => {
      await new Promise<unknown>((taken) => {
        response.writeHead(200, TEXT).write('short', taken);
      });
      response.end();
    });

    assert.equal(answer.body, 'short');
  });

  it('is cut when the compressor fails', async () => {
    await using server = await serveCompressing(async (response) => {
      response.makeEncoder = () =>
        new PassThrough({ transform: (_chunk, _encoding, done) => done(new Error('full')) });
      response.writeHead(200, TEXT).write(LONG);
      await once(response, 'close');
    });

    await assert.rejects(server.ask('gzip'));
  });

  for (const [bytes, coding] of [
    [1023, undefined],
    [1024, 'gzip'],
  ] as const) {
    it(`leaves ${coding === undefined ? 'plain' : 'none'} of ${bytes} bytes, in one piece or in many`, async () => {
      const body = 'x'.repeat(bytes);

      const whole = await answered((response) => void response.writeHead(200, TEXT).end(body), 'gzip');
      const pieces = await answered(async (response) => {
        response.writeHead(200, TEXT);
        await pipeline(Readable.from(body.split('')), response);
      }, 'gzip');

      assert.deepEqual([whole.coding, whole.body], [coding, body]);
      assert.deepEqual([pieces.coding, pieces.body], [coding, body]);
      assert.equal(whole.vary, 'Accept-Encoding');
    });
  }

  it('answers with an empty body as ever', async () => {
    const answer = await answered((response) => void response.writeHead(503, { 'Content-Length': 0 }).end());
    const none = await answered((response) => void response.writeHead(204).end());

    assert.deepEqual([answer.status, answer.coding, answer.length, answer.body], [503, undefined, '0', '']);
    assert.deepEqual([none.status, none.coding, none.body], [204, undefined, '']);
  });

  it('leaves alone what nobody wants coded, is coded, or is compressed by nature', async () => {
    const plain = await answered((response) => void response.writeHead(200, TEXT).end(LONG), 'br');
    const coded = await answered((response) => {
      response.writeHead(200, { ...TEXT, 'Content-Encoding': 'br' }).end(LONG);
    });
    const image = await answered((response) => {
      response.writeHead(200, { 'Content-Type': 'image/png' }).end(LONG);
    });

    assert.deepEqual([plain.coding, plain.length, plain.body], [undefined, String(LONG.length), LONG]);
    assert.deepEqual([coded.coding, coded.body], ['br', LONG]);
    assert.deepEqual([image.coding, image.body], [undefined, LONG]);
  });

  it('gives HEAD the head of GET', async () => {
    const answer = await answered(
      (response) => void response.writeHead(200, { ...TEXT, 'Content-Length': LONG.length }).end(LONG),
      'gzip',
      'HEAD',
    );

    assert.deepEqual([answer.coding, answer.length, answer.body], ['gzip', undefined, '']);
  });

  it('sends what has been compressed while the body is still being made', async () => {
    const more = Promise.withResolvers<void>();
    const first = randomBytes(300_000).toString('hex');
    await using server = await serveCompressing(async (response) => {
      response.writeHead(200, TEXT).write(first);
      await more.promise;
      response.end(LONG);
    });

    const message = await server.ask('zstd');
    const pieces: Buffer[] = [];
    for await (const piece of message as AsyncIterable<Buffer>) {
      pieces.push(piece);
      more.resolve(); // not before something has come
    }

    assert.equal(zstdDecompressSync(Buffer.concat(pieces)).toString(), first + LONG);
  });

  it('takes several writers, one after the other', async () => {
    const pieces = Array.from({ length: 2 }, () => randomBytes(50_000).toString('hex'));

    const answer = await answered(async (response) => {
      response.writeHead(200, TEXT).write(LONG);
      for (const piece of pieces) await pipeline(Readable.from([piece]), response, { end: false });
      await new Promise<void>((resolve) => {
        response.end('end', () => resolve());
      });
    }, 'gzip');

    assert.equal(answer.body, `${LONG}${pieces.join('')}end`);
  });

  it('lets the writer wait for a client that does not read', async () => {
    const counted = { pieces: 0 };
    async function* endless(): AsyncGenerator<Buffer> {
      for (;;) {
        counted.pieces += 1;
        yield randomBytes(65_536);
        await new Promise(setImmediate);
      }
    }
    await using server = await serveCompressing(async (response) => {
      response.writeHead(200, TEXT);
      await pipeline(endless(), response);
    });

    const message = await server.ask('gzip');
    message.pause();
    const waiting = await steady(() => counted.pieces);
    message.resume();
    await eventually(() => counted.pieces > waiting);
    message.destroy();

    assert.ok(waiting < 1000, 'the writer never waits');
    assert.ok((await server.ended) instanceof Error, 'and ends when the client leaves');
  });

  it('takes nothing from the writer while the compressor is full', async () => {
    const full: boolean[] = [];
    await using server = await serveCompressing(async (response) => {
      const encoder = compressor('gzip');
      response.makeEncoder = () => encoder;
      response.writeHead(200, TEXT);
      for (let piece = 0; piece < 60; piece += 1) {
        if (piece > 0) full.push(encoder.writableNeedDrain);
        if (!response.write(randomBytes(300_000))) await once(response, 'drain');
      }
      response.end();
    });

    const message = await server.ask('gzip');
    await steady(() => full.length);
    await buffer(message);

    assert.deepEqual(new Set(full), new Set([false]));
  });

  for (const coding of ['gzip', 'zstd'] as const) {
    it(`destroys the ${coding} compressor of a client that leaves`, async () => {
      const made: Transform[] = [];
      await using server = await serveCompressing(async (response) => {
        response.makeEncoder = (wanted) => {
          const one = compressor(wanted);
          made.push(one);
          return one;
        };
        response.writeHead(200, TEXT).write(randomBytes(300_000));
        await once(response, 'close');
      });

      (await server.ask(coding)).destroy();
      await server.ended;

      assert.deepEqual(
        made.map(({ destroyed }) => destroyed),
        [true],
      );
    });
  }

  it('forgets a short beginning when the answer becomes another', async () => {
    const answer = await answered((response) => {
      response.writeHead(200, { ...TEXT, 'Content-Length': 500 }).write('half a page');
      assert.equal(response.headersSent, false);
      response.writeHead(500, { ...TEXT, 'Content-Length': 4 }).end('oops');
    });

    assert.deepEqual([answer.status, answer.body], [500, 'oops']);
  });

  it('serves clients of HTTP/1.0, which know no pieces', async () => {
    await using server = await serveCompressing((response) => {
      response.useChunkedEncodingByDefault = false; // as Node sets it for them
      response.shouldKeepAlive = false;
      response.writeHead(200, TEXT).end(LONG);
    });

    const answer = await answerOf(await server.ask('gzip'));

    assert.deepEqual([answer.coding, answer.body], ['gzip', LONG]);
  });
});
