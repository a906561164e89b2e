import assert from 'node:assert/strict';

import { parseDownwardApi, readPodInfo } from '../../src/config/pod-info.ts';

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

  it('rejects a file with carriage returns, and shows them', () => {
    assert.throws(() => parseDownwardApi('a="1"\r\nb="2"'), {
      name: 'UnquoteError',
      message: String.raw`failed to unquote "1"\r: invalid syntax`,
    });
  });

  it('rejects the whole file for one unquoted value', () => {
    assert.throws(() => parseDownwardApi('a="1"\nx=unquoted'), {
      message: 'failed to unquote unquoted: invalid syntax',
      line: 2,
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
          'failed to read pod labels: failed to unquote unquoted: invalid syntax ' +
          '(line 1; ./etc/istio/pod/labels counts as absent)',
      },
      {
        level: 'warn',
        message:
          'failed to read pod annotations: permission denied (./etc/istio/pod/annotations counts as absent)',
      },
    ]);
  });
});
