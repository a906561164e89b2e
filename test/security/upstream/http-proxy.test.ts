import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';

import { Client } from '@grpc/grpc-js';

import { routeTo } from '../../../src/security/upstream/http-proxy.ts';
import { UpstreamDialer } from '../../../src/security/upstream/dialer.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { makeAuthority, type Authority } from '../authority.ts';
import { startCaServer } from '../ca-server.ts';

const ADDRESS = 'istiod.mesh.example:15012';

function isProxied(address: string, noProxy: string): boolean {
  const { target } = routeTo(address, { httpsProxy: 'http://proxy.example:3128', noProxy });
  assert.ok(target === address || target === 'dns:proxy.example:3128', target);
  return target !== address;
}

describe('routeTo', () => {
  it('is direct without a proxy, and leaves no decision to grpc-js', () => {
    const route = routeTo(ADDRESS, { httpsProxy: '', noProxy: '' });

    assert.deepEqual(route, { target: ADDRESS, options: { 'grpc.enable_http_proxy': 0 } });
  });

  it('goes through the proxy, with its credentials, to the address by name', () => {
    const route = routeTo(ADDRESS, { httpsProxy: 'http://us%65r:p%40ss@proxy.example:3128', noProxy: '' });

    assert.deepEqual(route, {
      target: 'dns:proxy.example:3128',
      options: {
        'grpc.enable_http_proxy': 0,
        'grpc.default_authority': ADDRESS,
        'grpc.http_connect_target': `dns:${ADDRESS}`,
        'grpc.http_connect_creds': 'user:p@ss',
      },
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

  it('refuses what is no proxy, without showing it', () => {
    assert.throws(() => routeTo(ADDRESS, { httpsProxy: 'http://a b:secret@', noProxy: '' }), {
      name: 'ConfigError',
      message: 'HTTPS_PROXY is no URL of a proxy: write it as http://host:port',
    });
  });

  it('reaches hosts of this machine directly', () => {
    for (const address of ['localhost:15012', '127.0.0.1:15012', '127.9.8.7:1', '[::1]:15012']) {
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
    ['10.1.2.3,fd00::1', ['10.1.2.3:1', '[fd00::1]:1'], ['10.1.2.4:1']],
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

interface HttpProxy extends AsyncDisposable {
  readonly port: number;
  /** Where each client wanted to go, and how it introduced itself. */
  readonly asked: readonly string[];
}

/** Whatever it is asked for, it leads to one port of this machine. */
async function startProxy(to: number): Promise<HttpProxy> {
  const asked: string[] = [];
  const sockets: Socket[] = [];
  const server = createServer();
  server.on('connect', (request, socket: Socket) => {
    asked.push(`${request.url} ${request.headers['proxy-authorization']}`);
    const onwards = connect(to, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      socket.pipe(onwards).pipe(socket);
    });
    sockets.push(socket, onwards);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await once(server.close(), 'close');
  };
  return { port, asked, [Symbol.asyncDispose]: close };
}

describe('a connection through an HTTP proxy', () => {
  let authority: Authority;
  before(async () => {
    authority = await makeAuthority();
  });

  it('is verified by the name of the control plane and made to it by the proxy', async () => {
    await using folder = await temporaryDirectory();
    const root = { kind: 'file', path: join(folder.path, 'root.pem'), name: 'root.pem' } as const;
    await writeFile(root.path, authority.rootPem);
    await using server = await startCaServer({
      authority,
      names: ['istiod.example'],
      answer: () => ['leaf'],
    });
    await using proxy = await startProxy(server.port);
    const { log } = recordingLog();
    const dialer = new UpstreamDialer(
      {
        address: 'istiod.example:15012',
        httpsProxy: `http://me:you@127.0.0.1:${proxy.port}`,
        tls: { root, serverName: 'istiod.example', clientCertificate: undefined, compliancePolicy: '' },
        clusterId: '',
        headers: {},
        keepaliveMs: 30_000,
        keepaliveTimeoutMs: 10_000,
      },
      {
        token: { read: async () => 'token', expiresMs: undefined, run: async () => undefined },
        clock: new FakeClock(),
        log,
      },
    );

    const { target, credentials, options, metadata } = await dialer.dial(new AbortController().signal);
    const client = new Client(target, credentials, options);
    const same = (bytes: Buffer): Buffer => bytes;
    const path = '/istio.v1.auth.IstioCertificateService/CreateCertificate';
    const failure = await new Promise<Error | null>((resolve) => {
      client.makeUnaryRequest(path, same, same, Buffer.alloc(0), metadata, (error) => resolve(error));
    });
    client.close();

    assert.equal(failure, null);
    assert.deepEqual(proxy.asked, [`istiod.example:15012 Basic ${Buffer.from('me:you').toString('base64')}`]);
    assert.equal(server.calls[0]?.headers.get('authorization'), 'Bearer token');
  });
});
