import { deepEqual, equal, ok } from 'node:assert/strict';

import {
  LineCutter,
  MAX_LINE_BYTES,
  slices,
  TURN_BYTES,
} from '../../../../src/status/metrics/strict/lines.ts';

describe('LineCutter', () => {
  it('hands on lines whole, wherever they are cut, and the last one at the end', () => {
    const text = 'one\n\ntwo\r\nthree';
    for (let size = 1; size <= text.length; size += 1) {
      const cut = cutter();

      for (let start = 0; start < text.length; start += size) cut.lines.push(text.slice(start, start + size));
      cut.lines.end();

      deepEqual(cut.received, ['one', '', 'two\r', 'three']);
    }
  });

  it('keeps a line that is not complete', () => {
    const cut = cutter();

    cut.lines.push('one\nha');

    deepEqual(cut.received, ['one']);
  });

  it('passes over a line that is too long, and tells once', () => {
    for (const size of [1000, MAX_LINE_BYTES * 3]) {
      const cut = cutter();
      const text = `one\n${'x'.repeat(MAX_LINE_BYTES * 2)}\ntwo\n`;

      for (let start = 0; start < text.length; start += size) cut.lines.push(text.slice(start, start + size));
      cut.lines.end();

      deepEqual(cut.received, ['one', 'too long', 'two']);
    }
  });

  it('passes over a line that is too long and has no end', () => {
    const cut = cutter();

    for (let count = 0; count < 5; count += 1) cut.lines.push('x'.repeat(MAX_LINE_BYTES));
    cut.lines.push('end');
    cut.lines.end();

    deepEqual(cut.received, ['too long']);
  });

  it('takes a line that is as long as allowed', () => {
    const cut = cutter();

    cut.lines.push(`${'x'.repeat(MAX_LINE_BYTES)}\n`);

    equal(cut.received[0]?.length, MAX_LINE_BYTES);
  });
});

describe('slices', () => {
  it('are no longer than the work of a turn, and lose nothing', async () => {
    const body = Buffer.alloc(TURN_BYTES * 3 + 1, 'ä');

    const found: string[] = [];
    for await (const slice of slices(once(body))) found.push(slice);

    ok(found.every(({ length }) => length <= TURN_BYTES));
    equal(Buffer.from(found.join(''), 'latin1').equals(body), true);
  });

  for (const [how, size] of [
    ['in one piece', TURN_BYTES * 40],
    ['in small ones', TURN_BYTES / 8],
  ] as const) {
    it(`let others have their turn while a body that comes ${how} is worked on`, async () => {
      let turns = 0;
      let over = false;
      const count = (): void => {
        turns += 1;
        if (!over) setImmediate(count);
      };
      setImmediate(count);

      for await (const _slice of slices(repeated(Buffer.alloc(size, 'x'), (TURN_BYTES * 40) / size))) {
        // what matters is who else comes to work
      }
      over = true;

      ok(turns >= 38, `${turns} turns`);
    });
  }
});

function cutter(): { readonly lines: LineCutter; readonly received: readonly string[] } {
  const received: string[] = [];
  const lines = new LineCutter({
    line: (text, start, end) => received.push(text.slice(start, end)),
    tooLong: () => received.push('too long'),
  });
  return { lines, received };
}

async function* once(body: Buffer): AsyncGenerator<Buffer> {
  yield body;
}

async function* repeated(body: Buffer, times: number): AsyncGenerator<Buffer> {
  for (let count = 0; count < times; count += 1) yield body;
}
