import { deepEqual, equal } from 'node:assert/strict';

import { applicationHost, forwardedHeaders } from '../../../src/status/probes/request-headers.ts';

describe('forwardedHeaders', () => {
  it('keeps every header with every value, and closes the connection', () => {
    const raw = ['Accept', '*/*', 'X-A', '1', 'x-a', '2', 'X-A', ''];

    deepEqual(forwardedHeaders(raw, false), [...raw, 'Connection', 'close']);
  });

  it('leaves out what speaks of the connection and the body it came with', () => {
    const raw = [
      'Host',
      'a',
      'CONNECTION',
      'keep-alive',
      'Content-Length',
      '3',
      'Transfer-Encoding',
      'chunked',
    ];

    deepEqual(forwardedHeaders([...raw, 'Trailer', 'x', 'TE', 'trailers'], false), [
      'TE',
      'trailers',
      'Connection',
      'close',
    ]);
  });

  it('says nothing of a connection that is kept', () => {
    deepEqual(forwardedHeaders(['Connection', 'close', 'A', 'b'], true), ['A', 'b']);
  });
});

describe('applicationHost', () => {
  for (const [host, seen] of [
    ['10.1.2.3:15020', '10.1.2.3:8080'],
    ['web.example:15020', 'web.example:8080'],
    ['[2001:db8::7]:15020', '[2001:db8::7]:8080'],
    [':15020', ':8080'],
    ['10.1.2.3:015020', '10.1.2.3:8080'],
    ['test.com:9999', 'test.com:9999'],
    ['test.com', 'test.com'],
    ['[2001:db8::7]', '[2001:db8::7]'],
    ['2001:db8::7:15020', '2001:db8::7:15020'],
    ['test.com:', 'test.com:'],
    ['', ''],
  ] as const) {
    it(`is ${seen || 'empty'} for ${host || 'none'}`, () => {
      equal(applicationHost(host, 15_020, 8080), seen);
    });
  }

  it('is found in one pass, whatever the caller sends', () => {
    const host = `a:${'0'.repeat(300_000)}x`;

    equal(applicationHost(host, 15_020, 8080), host);
  });
});
