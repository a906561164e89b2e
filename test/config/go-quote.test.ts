import assert from 'node:assert/strict';

import { goQuote, goUnquote } from '../../src/config/go-quote.ts';

describe('goQuote', () => {
  it("writes Go's escapes, which differ from those of JSON", () => {
    assert.equal(goQuote('a"b\\c\n\t\x07\v'), String.raw`"a\"b\\c\n\t\a\v"`);
    assert.equal(goQuote('\x1b\x7f'), String.raw`"\x1b\x7f"`);
    assert.equal(goQuote('\u00a0\u2028\ufeff\u{e0001}'), String.raw`"\u00a0\u2028\ufeff\U000e0001"`);
  });

  it('leaves what can be printed', () => {
    assert.equal(goQuote('größe ½ — 😀 <&>'), '"größe ½ — 😀 <&>"');
  });

  it('writes what goUnquote reads', () => {
    const text = String.fromCodePoint(...Array.from({ length: 0x300 }, (_, code) => code), 0xe000, 0x1f600);

    assert.equal(goUnquote(goQuote(text)), text);
  });
});

describe('goUnquote', () => {
  it("reads Go's escapes, of which hex and octal ones are bytes", () => {
    assert.equal(goUnquote(String.raw`"\x41\u00e9\U0001f600\a\b\f\n\r\t\v\\\""`), 'Aé😀\x07\b\f\n\r\t\v\\"');
    assert.equal(goUnquote(String.raw`"\xc3\xa9\303\251"`), 'éé');
    assert.equal(goUnquote('"größe"'), 'größe');
  });

  it('puts a replacement character for every byte that is no UTF-8', () => {
    assert.equal(goUnquote(String.raw`"\xe2\x82"`), '\ufffd\ufffd');
    assert.equal(goUnquote(String.raw`"\xff\xc3\xa9\xed\xa0\x80"`), '\ufffdé\ufffd\ufffd\ufffd');
    assert.equal(goUnquote(String.raw`"\xf0\x9f\x98\x80\xef\xbf\xbd\x80"`), '😀\ufffd\ufffd');
  });

  it('reads raw texts, in which nothing is an escape', () => {
    assert.equal(goUnquote('`a\\n"`'), 'a\\n"');
    assert.equal(goUnquote('`a\rb`'), 'ab');
    assert.equal(goUnquote('`a`b`'), undefined);
  });

  it('reads single characters', () => {
    assert.deepEqual([String.raw`'\''`, "'é'", "'😀'", String.raw`'\x41'`].map(goUnquote), [
      "'",
      'é',
      '😀',
      'A',
    ]);
    assert.equal(goUnquote("''"), '');
    for (const text of ["'ab'", String.raw`'\xc3\xa9'`, String.raw`'\"'`, String.raw`'a\n'`]) {
      assert.equal(goUnquote(text), undefined, text);
    }
  });

  it('refuses what Go refuses', () => {
    const bad = [
      '',
      '"',
      'x',
      '"a',
      String.raw`"\/"`,
      String.raw`"\ud800"`,
      String.raw`"\400"`,
      '"a"b"',
      '"a\nb"',
    ];

    assert.deepEqual(
      bad.map(goUnquote),
      bad.map(() => undefined),
    );
    assert.equal(goUnquote(String.raw`"\'"`), undefined);
    assert.equal(goUnquote('"a\\"'), undefined);
  });
});
