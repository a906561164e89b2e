import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';

import { Client } from '@grpc/grpc-js';

import { SeverableCredentials } from '../../../src/runtime/severable-credentials.ts';
import { UpstreamDialer, type Dial, type UpstreamSettings } from '../../../src/security/upstream/dialer.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { Inbox } from '../../support/inbox.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { temporaryDirectory, type TemporaryDirectory } from '../../support/temporary-directory.ts';
import { makeAuthority, type Authority } from '../authority.ts';
import { startCaServer, type CaServer } from '../ca-server.ts';

interface HttpProxy extends AsyncDisposable {
  readonly port: number;
  /** Where each client wanted to go, and how it introduced itself. */
  readonly asked: Inbox<string>;
  /** The end of a client's connection. */
  readonly closed: Inbox<string>;
}

type Answer = (socket: Socket) => unknown;

async function startProxy(answer: Answer): Promise<HttpProxy> {
  const [asked, closed] = [new Inbox<string>(), new Inbox<string>()];
  const sockets: Socket[] = [];
  const server = createServer();
  server.on('connect', ({ url, headers }, socket: Socket) => {
    sockets.push(socket);
    socket.once('close', () => closed.add('closed'));
    socket.once('end', () => socket.end()); // a server of HTTP leaves its half open
    socket.on('error', () => undefined); // the close follows
    asked.add(`${url} ${headers.host} ${headers['proxy-authorization']}`);
    answer(socket);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await once(server.close(), 'close');
  };
  return { port, asked, closed, [Symbol.asyncDispose]: close };
}

/** Whatever is asked for, it is one port of this machine. */
function leadTo(port: number): Answer {
  return (socket) => {
    const onwards = connect(port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
    socket.once('close', () => onwards.destroy());
    socket.pipe(onwards).pipe(socket);
  };
}

/** The same for one that speaks first: its words come in one packet with the proxy's. */
function leadToSpeaking(port: number): Answer {
  return (socket) => {
    const onwards = connect(port, '127.0.0.1');
    socket.once('close', () => onwards.destroy());
    onwards.once('data', (words: Buffer) => {
      socket.write(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\n\r\n'), words]));
      socket.pipe(onwards).pipe(socket);
    });
  };
}

/** The error of one call, or null. */
async function call({ target, credentials, options, metadata }: Dial): Promise<Error | null> {
  const client = new Client(target, credentials, options);
  const same = (bytes: Buffer): Buffer => bytes;
  const path = '/istio.v1.auth.IstioCertificateService/CreateCertificate';
  try {
    return await new Promise((resolve) => {
      client.makeUnaryRequest(path, same, same, Buffer.alloc(0), metadata, (error) => resolve(error));
    });
  } finally {
    client.close();
  }
}

describe('a connection through an HTTP proxy', () => {
  let authority: Authority;
  let folder: TemporaryDirectory;
  before(async () => {
    authority = await makeAuthority();
    folder = await temporaryDirectory();
    await writeFile(join(folder.path, 'root.pem'), authority.rootPem);
  });
  after(() => folder.remove());

  function serve(...names: readonly string[]): Promise<CaServer> {
    return startCaServer({ authority, names, answer: () => ['leaf'] });
  }

  function dial(proxy: HttpProxy, serverName: string, part: Partial<UpstreamSettings> = {}): Promise<Dial> {
    const root = { kind: 'file', path: join(folder.path, 'root.pem'), name: 'root.pem' } as const;
    const settings: UpstreamSettings = {
      address: 'istiod.example:15012',
      httpsProxy: `http://127.0.0.1:${proxy.port}`,
      tls: { root, serverName, clientCertificate: undefined, compliancePolicy: '' },
      clusterId: '',
      headers: {},
      keepaliveMs: 30_000,
      keepaliveTimeoutMs: 10_000,
      ...part,
    };
    const token = { read: async () => 'token', expiresMs: undefined, run: async () => undefined };
    const dialer = new UpstreamDialer(settings, { token, clock: new FakeClock(), log: recordingLog().log });
    return dialer.dial(new AbortController().signal);
  }

  it('is made by the proxy to the control plane by name, and verified by that', async () => {
    await using server = await serve('istiod.example');
    await using proxy = await startProxy(leadTo(server.port));

    const failure = await call(await dial(proxy, 'istiod.example'));

    assert.equal(failure, null);
    assert.equal(await proxy.asked.next(), 'istiod.example:15012 istiod.example:15012 undefined');
    assert.equal(server.calls[0]?.headers.get('authorization'), 'Bearer token');
  });

  it('is refused by the caller when another answers at its end', async () => {
    await using server = await serve('127.0.0.1', 'other.example');
    await using proxy = await startProxy(leadTo(server.port));

    const failure = await call(await dial(proxy, 'istiod.example'));

    assert.match(String(failure), /Hostname\/IP does not match/);
    assert.equal(server.calls.length, 0);
  });

  it('names an IPv6 host in brackets', async () => {
    await using server = await serve('fd00::1');
    await using proxy = await startProxy(leadTo(server.port));

    const failure = await call(await dial(proxy, 'fd00::1', { address: '[fd00::1]:15012' }));

    assert.equal(failure, null);
    assert.equal(await proxy.asked.next(), '[fd00::1]:15012 [fd00::1]:15012 undefined');
  });

  it('shows the user and password of the URL to the proxy, and to nobody else', async () => {
    await using server = await serve('istiod.example');
    await using proxy = await startProxy(leadTo(server.port));
    const httpsProxy = `http://me:y%6Fu@127.0.0.1:${proxy.port}`;

    const dialed = await dial(proxy, 'istiod.example', { httpsProxy });
    const failure = await call(dialed);

    assert.equal(failure, null);
    const basic = `Basic ${Buffer.from('me:you').toString('base64')}`;
    assert.equal(await proxy.asked.next(), `istiod.example:15012 istiod.example:15012 ${basic}`);
    assert.doesNotMatch(JSON.stringify(dialed.options), /you/); // grpc-js traces them
    assert.equal(server.calls[0]?.headers.get('proxy-authorization'), undefined);
  });

  it('loses nothing of a server without TLS that speaks first', async () => {
    await using server = await startCaServer({ answer: () => ['leaf'] });
    await using proxy = await startProxy(leadToSpeaking(server.port));

    const failure = await call(await dial(proxy, '', { tls: undefined }));

    assert.equal(failure, null);
  });

  it('fails with the words of a proxy that refuses, and is closed', async () => {
    await using proxy = await startProxy((socket) => socket.resume().write('HTTP/1.1 407 Who is it\r\n\r\n'));

    const failure = await call(await dial(proxy, 'istiod.example'));

    assert.match(String(failure), /UNAVAILABLE.* the HTTP proxy refuses: 407 Who is it/);
    await proxy.closed.next();
  });

  it('fails when the proxy hangs up', async () => {
    await using proxy = await startProxy((socket) => socket.destroy());

    const failure = await call(await dial(proxy, 'istiod.example'));

    assert.match(String(failure), /UNAVAILABLE.* the HTTP proxy did not answer: socket hang up/);
  });

  it('can be severed while the proxy is silent', async () => {
    await using proxy = await startProxy((socket) => socket.resume());
    const dialed = await dial(proxy, 'istiod.example');
    const credentials = new SeverableCredentials(dialed.credentials);

    const failing = call({ ...dialed, credentials });
    await proxy.asked.next();
    credentials.sever();

    await proxy.closed.next();
    assert.match(String(await failing), /the HTTP proxy did not answer/);
  });
});
