import assert from 'node:assert/strict';

import { withoutEndMark } from '../../../src/status/metrics/end-mark.ts';

function stripped(...pieces: readonly string[]): string {
  return Buffer.concat(withoutEndMark(pieces.map((piece) => Buffer.from(piece)))).toString();
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
    it(`makes ${JSON.stringify(rest)} of ${JSON.stringify(body)}, however it is cut`, () => {
      for (let cut = 0; cut <= body.length; cut += 1) {
        assert.equal(stripped(body.slice(0, cut), body.slice(cut)), rest);
      }
      assert.equal(stripped(...body), rest);
    });
  }

  it('looks at a body of 10 MiB of blanks in no time', () => {
    const blanks = Buffer.alloc(64 * 1024, '\n');
    const pieces = [Buffer.from('a 1\n# EOF'), ...Array.from({ length: 160 }, () => blanks)];
    const before = process.cpuUsage();

    const rest = Buffer.concat(withoutEndMark(pieces)).toString();

    const { user, system } = process.cpuUsage(before);
    assert.equal(rest, 'a 1\n');
    assert.ok(user + system < 500_000, `${user + system} µs`);
  });
});
