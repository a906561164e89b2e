import assert from 'node:assert/strict';

import { wholeLines } from '../../../src/status/metrics/whole-lines.ts';

async function* body(chunks: readonly string[], broken: boolean): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk);
  if (broken) throw new Error('broken');
}

async function read(chunks: readonly string[], broken = false): Promise<string> {
  let text = '';
  const reading = async (): Promise<void> => {
    for await (const chunk of wholeLines(body(chunks, broken))) text += chunk.toString();
  };
  if (broken) await assert.rejects(reading(), /^Error: broken$/);
  else await reading();
  return text;
}

describe('wholeLines', () => {
  it('passes a body on as it is', async () => {
    const chunks = ['a 1\nb', ' 2', '\n', '\n', 'c 3\nd 4'];

    assert.equal(await read(chunks), chunks.join(''));
    assert.equal(await read([]), '');
  });

  it('leaves out the line in which a body breaks off', async () => {
    assert.equal(await read(['a 1\nb 1', '2', '3'], true), 'a 1\n');
    assert.equal(await read(['a 1\n'], true), 'a 1\n');
    assert.equal(await read(['a 1'], true), '');
  });

  it('hands a line over as soon as it is whole', async () => {
    const lines = wholeLines(body(['a 1\nb', ' 2\nc'], true));

    assert.equal(String((await lines.next()).value), 'a 1\n');
    assert.equal(String((await lines.next()).value) + String((await lines.next()).value), 'b 2\n');
  });

  it('keeps no more than 64 KiB of a line that does not end', async () => {
    const piece = 'x'.repeat(10_000);

    const text = await read(
      Array.from({ length: 20 }, () => piece),
      true,
    );

    assert.ok(text.length >= 200_000 - 64 * 1024 && text.length <= 200_000);
  });
});
