import assert from 'node:assert/strict';

import { withoutEndMark } from '../../../src/status/metrics/end-mark.ts';

async function stripped(...pieces: readonly string[]): Promise<string> {
  return Buffer.concat(await withoutEndMark(pieces.map((piece) => Buffer.from(piece)))).toString();
}

describe('withoutEndMark', () => {
  for (const [body, rest] of [
    ['a 1\n# EOF\n', 'a 1\n'],
    ['a 1\n# EOF', 'a 1\n'],
    ['a 1\r\n# EOF\r\n \t\n', 'a 1\r\n'],
    ['# EOF', ''],
    ['a 1\n', 'a 1\n'],
    ['a 1\n\n \t', 'a 1\n\n \t'],
    ['# EOF\na 1\n', '# EOF\na 1\n'],
    ['EOF\n', 'EOF\n'],
    ['', ''],
  ] as const) {
    it(`makes ${JSON.stringify(rest)} of ${JSON.stringify(body)}, however it is cut`, async () => {
      for (let cut = 0; cut <= body.length; cut += 1) {
        assert.equal(await stripped(body.slice(0, cut), body.slice(cut)), rest);
      }
      assert.equal(await stripped(...body.split('')), rest);
    });
  }

  it('lets other work run while it looks at a body of 10 MiB of blanks', async () => {
    const blanks = Buffer.alloc(64 * 1024, '\n');
    const pieces = [Buffer.from('a 1\n# EOF'), ...Array.from({ length: 160 }, () => blanks)];
    let turns = 0;
    const others = setInterval(() => void (turns += 1), 0);

    const rest = Buffer.concat(await withoutEndMark(pieces)).toString();

    clearInterval(others);
    assert.equal(rest, 'a 1\n');
    assert.ok(turns > 2, `${turns} turns`);
  });
});
