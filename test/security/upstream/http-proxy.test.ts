import assert from 'node:assert/strict';

import { ConfigError } from '../../../src/runtime/errors.ts';
import { routeTo } from '../../../src/security/upstream/http-proxy.ts';

const ADDRESS = 'istiod.mesh.example:15012';

function isProxied(address: string, noProxy: string): boolean {
  const { target } = routeTo(address, { httpsProxy: 'http://proxy.example:3128', noProxy });
  assert.ok(target === address || target === 'dns:proxy.example:3128', target);
  return target !== address;
}

describe('routeTo', () => {
  it('is direct without a proxy', () => {
    const route = routeTo(ADDRESS, { httpsProxy: '', noProxy: '' });

    assert.deepEqual(route, { target: ADDRESS, tunnel: undefined });
  });

  it('goes through the proxy, with its credentials, to the address by name', () => {
    const route = routeTo(ADDRESS, { httpsProxy: 'http://us%65r:p%40ss@proxy.example:3128', noProxy: '' });

    assert.deepEqual(route, {
      target: 'dns:proxy.example:3128',
      tunnel: { address: ADDRESS, userInfo: 'user:p@ss' },
    });
  });

  it('knows a proxy without scheme or port', () => {
    const target = (httpsProxy: string): string => routeTo(ADDRESS, { httpsProxy, noProxy: '' }).target;

    assert.equal(target('proxy.example:3128'), 'dns:proxy.example:3128');
    assert.equal(target('10.0.0.9'), 'dns:10.0.0.9:80');
    assert.equal(target('http://proxy.example'), 'dns:proxy.example:80');
    assert.equal(target('https://proxy.example/'), 'dns:proxy.example:443');
    assert.equal(target('http://[fd00::9]:3128'), 'dns:[fd00::9]:3128');
  });

  it('refuses what is no HTTP proxy, without showing it', () => {
    for (const httpsProxy of [
      'http://a b:secret@',
      'socks5://secret@proxy.example:1',
      'me:secret%@proxy.example',
    ]) {
      assert.throws(
        () => routeTo(ADDRESS, { httpsProxy, noProxy: '' }),
        (error) => {
          assert.ok(error instanceof ConfigError, httpsProxy);
          const message = 'HTTPS_PROXY is no URL of an HTTP proxy: write it as http://host:port';
          assert.deepEqual([error.message, error.cause], [message, undefined]);
          return true;
        },
      );
    }
  });

  it('reaches hosts of this machine directly', () => {
    for (const address of [
      'localhost:15012',
      '127.0.0.1:15012',
      '127.9.8.7:1',
      '[::1]:15012',
      '[::ffff:127.0.0.1]:1',
      '[0::1]:1',
    ]) {
      assert.equal(isProxied(address, ''), false, address);
    }
    assert.equal(isProxied('localhost.example:15012', ''), true);
  });

  for (const [noProxy, direct, proxied] of [
    ['*', [ADDRESS, '10.1.2.3:1'], []],
    ['other.example, mesh.example', [ADDRESS, 'mesh.example:1', 'MESH.example:1'], ['the-mesh.example:1']],
    ['.mesh.example', [ADDRESS], ['mesh.example:1']],
    ['*.mesh.example', [ADDRESS], ['mesh.example:1']],
    ['mesh.example:15012', [ADDRESS], ['istiod.mesh.example:15010']],
    ['10.1.0.0/16,fd00::/8', ['10.1.2.3:1', '[fd00::1]:1'], ['10.2.2.3:1', '[fe80::1]:1', ADDRESS]],
    ['10.1.2.3,fd00::1', ['10.1.2.3:1', '[fd00::1]:1', '[FD00:0::1]:1'], ['10.1.2.4:1', '[fd00::2]:1']],
    ['3,.3,2.3', [], ['10.1.2.3:1']],
    ['10.1.2.3:1,[fd00::1]:1', ['10.1.2.3:1', '[fd00::1]:1'], ['10.1.2.3:2', '[fd00::1]:2']],
    [' , ,:80', [], [ADDRESS]],
    ['10.1.0.0/40', [], ['10.1.0.0:1']],
  ] as const) {
    it(`excepts by "${noProxy}"`, () => {
      assert.deepEqual(
        direct.filter((address) => isProxied(address, noProxy)),
        [],
      );
      assert.deepEqual(
        proxied.filter((address) => !isProxied(address, noProxy)),
        [],
      );
    });
  }
});
