import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createSecureContext } from 'node:tls';

import { Client } from '@grpc/grpc-js';

import { TlsCredentials } from '../../../src/security/upstream/tls-credentials.ts';
import { makeAuthority } from '../authority.ts';
import { startCaServer } from '../ca-server.ts';

describe('TlsCredentials', () => {
  it('lets go of a server that accepts and stays silent', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const accepted = once(silent, 'connection') as Promise<[Socket]>;
    const context = createSecureContext();
    const credentials = new TlsCredentials({ context, serverName: 'a.example', handshakeTimeoutMs: 20 });
    const client = new Client(`127.0.0.1:${port}`, credentials, { 'grpc.use_local_subchannel_pool': 1 });
    const same = (bytes: Buffer): Buffer => bytes;

    const failure = new Promise<Error | null>((resolve) => {
      client.makeUnaryRequest('/a/b', same, same, Buffer.alloc(0), (error) => resolve(error));
    });
    const [socket] = await accepted;
    socket.on('error', () => undefined); // a reset is one way to let go
    socket.resume();
    await once(socket, 'close');

    assert.match(String(await failure), /the server did not answer the TLS handshake/);
    client.close();
    silent.close();
  });

  it('verifies the server whatever NODE_TLS_REJECT_UNAUTHORIZED says', async () => {
    const stranger = await makeAuthority('stranger.example');
    await using server = await startCaServer({ authority: stranger, names: ['a.example'], answer: () => [] });
    const context = createSecureContext({ ca: (await makeAuthority()).rootPem });
    const credentials = new TlsCredentials({ context, serverName: 'a.example' });
    const client = new Client(`127.0.0.1:${server.port}`, credentials, {
      'grpc.use_local_subchannel_pool': 1,
    });
    const same = (bytes: Buffer): Buffer => bytes;
    const before = process.env.NODE_TLS_REJECT_UNAUTHORIZED;

    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0';
    const failure = await new Promise<Error | null>((resolve) => {
      const path = '/istio.v1.auth.IstioCertificateService/CreateCertificate';
      client.makeUnaryRequest(path, same, same, Buffer.alloc(0), (error) => resolve(error));
    });
    if (before === undefined) delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
    else process.env.NODE_TLS_REJECT_UNAUTHORIZED = before;

    assert.match(String(failure), /self-signed certificate|unable to (?:get|verify)/);
    assert.equal(server.calls.length, 0);
    client.close();
  });
});
