import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type AddressInfo } from 'node:net';
import { createSecureContext, createServer, type TLSSocket } from 'node:tls';

import { Client } from '@grpc/grpc-js';

import { TlsCredentials } from '../../../src/security/upstream/tls-credentials.ts';
import { issuePair, makeAuthority } from '../authority.ts';
import { startCaServer } from '../ca-server.ts';

/** What a server of that name is told by a caller who expects it: `false` is no name. */
async function sniTo(name: string): Promise<string | false | undefined> {
  const authority = await makeAuthority();
  const { chainPem, keyPem } = await issuePair(authority, [name]);
  const server = createServer({ cert: chainPem, key: keyPem, ALPNProtocols: ['h2'] });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const accepted = once(server, 'secureConnection') as Promise<[TLSSocket & { servername?: string | false }]>;
  const context = createSecureContext({ ca: authority.rootPem });
  const connector = new TlsCredentials({ context, serverName: name })._createSecureConnector({}, {});
  const { socket } = await connector.connect(connect((server.address() as AddressInfo).port, '127.0.0.1'));
  const [{ servername }] = await accepted;
  socket.destroy();
  await once(server.close(), 'close');
  return servername;
}

describe('TlsCredentials', () => {
  it('sends the name it expects, but no IP address', async () => {
    assert.equal(await sniTo('a.example'), 'a.example');
    assert.equal(await sniTo('127.0.0.1'), false);
    assert.equal(await sniTo('fd00::1'), false);
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
