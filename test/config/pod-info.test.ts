import assert from 'node:assert/strict';

import { goUnquote } from '../../src/config/go-quote.ts';
import { parseDownwardApi, readPodInfo } from '../../src/config/pod-info.ts';

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

describe('parseDownwardApi', () => {
  it('reads one entry per line, values with newlines and equals signs too', () => {
    const text = ['foo="bar"', String.raw`config="foo: bar\nother: x"`, 'bar="a=b"', 'v="a1_-.as1"'].join(
      '\n',
    );

    assert.deepEqual(parseDownwardApi(text), {
      foo: 'bar',
      config: 'foo: bar\nother: x',
      bar: 'a=b',
      v: 'a1_-.as1',
    });
  });

  it('skips lines without an equals sign and lets the last of two equal keys count', () => {
    assert.deepEqual(parseDownwardApi('\nnonsense\na="1"\na="2"\n'), { a: '2' });
    assert.deepEqual(parseDownwardApi(''), {});
  });

  it('takes a key named like a part of every object for what it is', () => {
    assert.equal(JSON.stringify(parseDownwardApi('__proto__="a"')), '{"__proto__":"a"}');
  });

  it('rejects a file with carriage returns', () => {
    assert.throws(() => parseDownwardApi('a="1"\r\nb="2"'), /invalid syntax, line 1/);
  });

  it('rejects the whole file for one unquoted value', () => {
    assert.throws(() => parseDownwardApi('a="1"\nx=unquoted'), {
      message: 'failed to unquote unquoted: invalid syntax, line 2',
    });
  });
});

describe('readPodInfo', () => {
  it('tells an absent file from a pod without labels', async () => {
    const info = await readPodInfo(async (path) => (path.endsWith('labels') ? '' : undefined));

    assert.deepEqual(info.labels, {});
    assert.equal(info.annotations, undefined);
    assert.deepEqual(
      info.notices.map((notice) => notice.level),
      ['debug'],
    );
  });

  it('warns about a file of no use and goes on without it', async () => {
    const info = await readPodInfo(async (path) => {
      if (path.endsWith('labels')) return 'x=unquoted';
      throw new Error('permission denied');
    });

    assert.equal(info.labels, undefined);
    assert.deepEqual(info.notices, [
      {
        level: 'warn',
        message:
          'failed to read pod labels: failed to unquote unquoted: invalid syntax, line 1 ' +
          '(./etc/istio/pod/labels counts as absent)',
      },
      {
        level: 'warn',
        message:
          'failed to read pod annotations: permission denied (./etc/istio/pod/annotations counts as absent)',
      },
    ]);
  });
});
