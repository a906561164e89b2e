import assert from 'node:assert/strict';

import { queryOf, targetOf } from '../../src/status/request-target.ts';

describe('targetOf', () => {
  for (const [url, path, query] of [
    ['/metrics', '/metrics', undefined],
    ['/metrics?', '/metrics', ''],
    ['/stats/prometheus?filter=a?b&c=%2F', '/stats/prometheus', 'filter=a?b&c=%2F'],
    ['http://pod:15020/metrics?x', '/metrics', 'x'],
    ['HTTPS://pod?x', '/', 'x'],
    ['http://pod', '/', undefined],
    ['/a%20b/%C3%BC', '/a b/ü', undefined],
    ['/a%2Fb/%2e%2e', '/a%2Fb/..', undefined],
  ] as const) {
    it(`finds ${path} in ${url}`, () => {
      assert.deepEqual(targetOf({ url }), { path, query, straight: undefined });
    });
  }

  for (const url of ['', '*', 'metrics', 'host:443', '/%', '/%c3', 'http://pod/%zz']) {
    it(`finds nothing in ${JSON.stringify(url)}`, () => {
      assert.equal(targetOf({ url }), undefined);
    });
  }
});

describe('queryOf', () => {
  it('is empty where there is none', () => {
    assert.equal(queryOf({ url: '/a' }).size, 0);
    assert.equal(queryOf({ url: '*' }).size, 0);
  });

  it('keeps a question mark in a value', () => {
    assert.equal(queryOf({ url: '/a?b=c?d' }).get('b'), 'c?d');
  });
});

describe('the straight way', () => {
  const way = (url: string): string | undefined => targetOf({ url })?.straight;

  it('is nothing for a path without detours', () => {
    for (const path of ['/', '/a', '/a/', '/a/b.c', '/a/..b', '/...', '/a/%2e%2e/b', '/a?b=//c/../d'])
      assert.equal(way(path), undefined, path);
  });

  it('leaves out empty parts, dots and what they lead back from, and keeps the query', () => {
    assert.equal(way('//a///b/?x=//y'), '/a/b/?x=//y');
    assert.equal(way('/a/./b/../c'), '/a/c');
    assert.equal(way('/../..'), '/');
    assert.equal(way('http://pod//'), '/');
  });

  it('never names another host', () => {
    assert.equal(way('//evil.example/a'), '/evil.example/a');
    assert.equal(way('//\\evil.example/a'), '/%5Cevil.example/a');
  });
});
