import { deepEqual, equal, match, notEqual, rejects } from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync, readlinkSync } from 'node:fs';
import { constants, createServer as createHttp2Server } from 'node:http2';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { join } from 'node:path';

import { credentials, Metadata, ServerCredentials, status as Status } from '@grpc/grpc-js';

import { certificatePem } from '../../src/pki/certificates.ts';
import { issueLeaf, issueRoot } from '../../src/pki/issue.ts';
import { generateKeys, privateKeyPem, type KeyPair } from '../../src/pki/keys.ts';
import {
  UpstreamConnection,
  UpstreamNotBuilt,
  type Upstream,
  type UpstreamTarget,
} from '../../src/xds-proxy/upstream-connection.ts';
import { Relay } from '../e2e/support/relay.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { ADS_METHODS, startControlPlane } from './control-plane.ts';
import { plaintextTo } from './started-proxy.ts';

describe('UpstreamConnection', () => {
  const { signal } = new AbortController();
  const deps = (upstream: Upstream, clock = new FakeClock()) => ({
    upstream,
    clock,
    method: ADS_METHODS.sotw,
    onResponse: () => Promise.resolve(),
  });

  it('opens every stream on a connection of its own, with the metadata of its dial', async () => {
    await using control = await startControlPlane();
    const metadata = new Metadata();
    metadata.set('authorization', 'Bearer abc');
    const upstream = plaintextTo(control.address, metadata);

    await using first = await UpstreamConnection.open(deps(upstream), signal);
    await using second = await UpstreamConnection.open(deps(upstream), signal);
    const [a, b] = await control.streams.take(2);

    notEqual(a?.peer, b?.peer);
    deepEqual(a?.metadata.get('authorization'), ['Bearer abc']);
    await first.close();
    await second.close();
    await Promise.all([a?.cancelled, b?.cancelled]);
  });

  it('fails with the first refused connect and says why', async () => {
    const control = await startControlPlane();
    await control.destroy();

    const opening = UpstreamConnection.open(deps(plaintextTo(control.address)), signal);

    await rejects(opening, { side: 'upstream', code: Status.UNAVAILABLE, details: /ECONNREFUSED/ });
  });

  it('turns a failed dial into UNAVAILABLE', async () => {
    const dial = (): Promise<never> => Promise.reject(new Error('root CA file does not exist'));

    const opening = UpstreamConnection.open(deps({ dial }), signal);

    await rejects(opening, (error) => {
      match(String(error), /failed to connect to upstream: root CA file does not exist/);
      return error instanceof UpstreamNotBuilt && error.code === Status.UNAVAILABLE;
    });
  });

  describe('with a peer that accepts and stays silent', () => {
    let peer: Server;
    let accepted: Promise<Socket>;
    let target: string;
    beforeEach(async () => {
      peer = createServer();
      accepted = once(peer, 'connection').then(([socket]: Socket[]) => socket as Socket);
      await once(peer.listen(0, '127.0.0.1'), 'listening');
      target = `127.0.0.1:${(peer.address() as AddressInfo).port}`;
    });
    afterEach(async () => {
      (await accepted).destroy();
      await once(peer.close(), 'close');
    });

    for (const [what, made] of [
      ['plaintext', credentials.createInsecure()],
      ['TLS', credentials.createSsl()],
    ] as const) {
      it(`gives up after 20 s and closes the connection, ${what}`, async () => {
        const clock = new FakeClock();
        const options = { 'grpc.ssl_target_name_override': 'discovery.test' };
        const upstream = dialing(plaintextTo(target), { credentials: made, options });
        const opening = UpstreamConnection.open(deps(upstream, clock), signal);
        opening.catch(() => undefined);
        const socket = await accepted;
        socket.resume();
        const closed = once(socket, 'close');

        await clock.tick(19_999);
        equal(clock.sleepers, 1);
        await clock.tick(1);

        await rejects(opening, { code: Status.UNAVAILABLE, details: 'upstream connect timeout' });
        await closed;
      });
    }

    it('gives up at once when its stream is over', async () => {
      const over = new AbortController();
      const clock = new FakeClock();
      const opening = UpstreamConnection.open(deps(plaintextTo(target), clock), over.signal);
      opening.catch(() => undefined);
      const socket = await accepted;
      socket.resume();
      const closed = once(socket, 'close');

      over.abort(new Error('replaced'));

      await rejects(opening, { message: 'replaced' });
      await closed;
      equal(clock.sleepers, 0);
    });
  });

  it('leaves no connection to a control plane that neither reads nor closes', async () => {
    await using control = await startControlPlane();
    await using relay = await Relay.start(portOf(control));
    const upstream = plaintextTo(`127.0.0.1:${relay.port}`);
    const connection = await UpstreamConnection.open(deps(upstream), signal);
    await control.streams.next();
    relay.hold();
    connection.send(Buffer.alloc(8 * 1024 * 1024), signal).catch(() => undefined); // more than sockets hold
    const before = openSockets();

    await connection.close();

    equal(openSockets(), before - 1);
  });

  it('finds out that the control plane is gone by asking it when nothing comes', async () => {
    await using control = await startControlPlane();
    await using relay = await Relay.start(portOf(control));
    const options = { 'grpc.keepalive_time_ms': 10, 'grpc.keepalive_timeout_ms': 10 };
    const upstream = dialing(plaintextTo(`127.0.0.1:${relay.port}`), { options });
    await using connection = await UpstreamConnection.open(deps(upstream), signal);
    await control.streams.next();

    relay.hold();

    equal((await connection.ended).code, Status.UNAVAILABLE);
  });

  it('serves on after the control plane has announced its end, which is then an expected one', async () => {
    await using control = await startAgingControlPlane();
    const received: string[] = [];
    const onResponse = async (bytes: Buffer): Promise<void> => void received.push(String(bytes));
    const upstream = plaintextTo(control.address);
    await using connection = await UpstreamConnection.open({ ...deps(upstream), onResponse }, signal);

    const ending = await connection.ended;

    deepEqual(received, ['before', 'after the announcement']);
    deepEqual([ending.code, ending.details], [Status.UNAVAILABLE, 'Connection dropped']);
    equal(ending.class, 'expected');
  });

  describe('over TLS', () => {
    let root: string;
    let otherRoot: string;
    let server: ServerCredentials;
    before(async () => {
      const validity = { notBeforeMs: Date.now() - 60_000, notAfterMs: Date.now() + 3_600_000 };
      const newKeys = (): Promise<KeyPair> => generateKeys({ type: 'ec', curve: 'P-256' });
      const [rootKeys, otherKeys, leafKeys] = await Promise.all([newKeys(), newKeys(), newKeys()]);
      const rootCertificate = await issueRoot(rootKeys, { organization: 'test', ...validity });
      const other = await issueRoot(otherKeys, { organization: 'test', ...validity });
      const issuer = { certificate: rootCertificate, privateKey: rootKeys.privateKey };
      const names = ['discovery.test'];
      const leaf = await issueLeaf(issuer, { publicKey: leafKeys.publicKey, names, ...validity });
      root = certificatePem(rootCertificate);
      otherRoot = certificatePem(other);
      server = ServerCredentials.createSsl(null, [
        {
          cert_chain: Buffer.from(certificatePem(leaf)),
          private_key: Buffer.from(privateKeyPem(leafKeys.privateKey, true)),
        },
      ]);
    });
    const secureTo = (target: string, rootPem: string): Upstream => ({
      dial: () =>
        Promise.resolve({
          target,
          credentials: credentials.createSsl(Buffer.from(rootPem)),
          options: { 'grpc.ssl_target_name_override': 'discovery.test' },
          metadata: new Metadata(),
        }),
    });

    it('reaches a control plane whose certificate the root vouches for', async () => {
      await using control = await startControlPlane(0, server);

      await using connection = await UpstreamConnection.open(deps(secureTo(control.address, root)), signal);
      await connection.send(Buffer.from('hello'), signal);
      const served = await control.streams.next();

      equal(String(await served.requests.next()), 'hello');
    });

    it('refuses one it does not vouch for', async () => {
      await using control = await startControlPlane(0, server);

      const opening = UpstreamConnection.open(deps(secureTo(control.address, otherRoot)), signal);

      await rejects(opening, { code: Status.UNAVAILABLE, details: /certificate/ });
      equal(control.streams.size, 0);
    });
  });
});

function dialing({ dial }: Upstream, changes: Partial<UpstreamTarget>): Upstream {
  return { dial: async (signal) => ({ ...(await dial(signal)), ...changes }) };
}

function portOf({ address }: { readonly address: string }): number {
  return Number(address.split(':')[1]);
}

/** Of this process, both ends of connections to itself; the kernel knows those that Node has unreferenced, too. */
function openSockets(): number {
  const descriptors = readdirSync('/proc/self/fd').map((name) => join('/proc/self/fd', name));
  const targets = descriptors.map((path) => {
    try {
      return readlinkSync(path);
    } catch {
      return ''; // the one with which the folder was read
    }
  });
  return targets.filter((target) => target.startsWith('socket:')).length;
}

/** Ends each connection as a server does whose connections have a greatest age. */
async function startAgingControlPlane(): Promise<AsyncDisposable & { readonly address: string }> {
  const server = createHttp2Server();
  server.on('stream', (stream) => {
    stream.on('error', () => undefined); // the connection is cut on purpose
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' });
    stream.write(framed('before'), () => {
      stream.session?.goaway(constants.NGHTTP2_NO_ERROR);
      stream.write(framed('after the announcement'), () => setImmediate(() => stream.session?.destroy()));
    });
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> => new Promise((closed) => server.close(() => closed()));
  return { address: `127.0.0.1:${port}`, [Symbol.asyncDispose]: close };
}

function framed(text: string): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(text.length, 1);
  return Buffer.concat([head, Buffer.from(text)]);
}
