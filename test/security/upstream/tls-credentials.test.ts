import assert from 'node:assert/strict';
import { createSecureContext } from 'node:tls';

import { Client } from '@grpc/grpc-js';

import { TlsCredentials } from '../../../src/security/upstream/tls-credentials.ts';
import { makeAuthority } from '../authority.ts';
import { startCaServer } from '../ca-server.ts';

describe('TlsCredentials', () => {
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
