import { deepEqual, equal, throws } from 'node:assert/strict';

import { redirectOf } from '../../../src/status/probes/redirect.ts';

const FROM = { tls: false, host: '10.1.2.3', port: 8080, path: '/a/b?c' };

describe('redirectOf', () => {
  for (const [location, target, isRelative] of [
    ['/', { ...FROM, path: '/' }, true],
    ['x?y#z', { ...FROM, path: '/a/x?y' }, true],
    ['?y', { ...FROM, path: '/a/b?y' }, true],
    ['//10.1.2.3:9090/', { ...FROM, port: 9090, path: '/' }, true],
    ['http://10.1.2.3/x', { ...FROM, port: 80, path: '/x' }, false],
    ['https://10.1.2.3/x', { ...FROM, tls: true, port: 443, path: '/x' }, false],
    ['HTTPS://10.1.2.3:8443', { ...FROM, tls: true, port: 8443, path: '/' }, false],
  ] as const) {
    it(`follows ${location}`, () => {
      deepEqual(redirectOf(FROM, { status: 302, location }), { target, isRelative });
    });
  }

  for (const location of ['http://example.com/foo', '//example.com/', 'ftp://example.com/', 'mailto:a@b']) {
    it(`does not follow ${location}: it names another host`, () => {
      equal(redirectOf(FROM, { status: 302, location }), undefined);
    });
  }

  for (const status of [301, 302, 303, 307, 308]) {
    it(`follows ${status}`, () => equal(redirectOf(FROM, { status, location: '/' })?.target.path, '/'));
  }

  for (const status of [200, 300, 304, 305, 306, 399, 404]) {
    it(`does not follow ${status}`, () => equal(redirectOf(FROM, { status, location: '/' }), undefined));
  }

  it('does not follow a redirect to nowhere', () => {
    equal(redirectOf(FROM, { status: 301, location: undefined }), undefined);
  });

  it('stays with a host of IPv6, and compares addresses, not their spelling', () => {
    const from = { ...FROM, host: '2001:db8::7' };

    const redirect = redirectOf(from, { status: 301, location: 'http://[2001:DB8:0::7]:8081/x' });

    deepEqual(redirect?.target, { ...from, port: 8081, path: '/x' });
  });

  for (const location of ['http://[', 'http://10.1.2.3:99999/']) {
    it(`refuses ${location}`, () => {
      throws(
        () => redirectOf(FROM, { status: 301, location }),
        /^ProbeError: failed to parse Location header "http/,
      );
    });
  }

  it('refuses what is not HTTP', () => {
    throws(
      () => redirectOf(FROM, { status: 301, location: 'ftp://10.1.2.3/' }),
      /^ProbeError: unsupported protocol scheme "ftp"$/,
    );
  });
});
