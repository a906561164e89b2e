import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { connect, createServer, type SecureContextOptions } from 'node:tls';

import { tlsPolicy } from '../../../src/security/upstream/tls-policy.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { issuePair, makeAuthority, type Authority } from '../authority.ts';

interface Agreed {
  readonly version: string | null;
  readonly cipher: string;
  /** The key exchange, as OpenSSL names it; undefined where Node does not tell. */
  readonly group: string | undefined;
}

describe('tlsPolicy', () => {
  let authority: Authority;

  before(async () => {
    authority = await makeAuthority();
  });

  /** What client and server agree on; rejects when they do not. */
  async function handshake(policy: string, server: SecureContextOptions): Promise<Agreed> {
    const { chainPem: cert, keyPem: key } = await issuePair(authority, ['a.example']);
    const listening = createServer({ cert, key, ...server });
    listening.on('tlsClientError', () => undefined); // the client says it
    listening.listen(0, '127.0.0.1');
    await once(listening, 'listening');
    const { port } = listening.address() as AddressInfo;
    const options = { ...tlsPolicy(policy, recordingLog().log), ca: authority.rootPem };
    const socket = connect({ host: '127.0.0.1', port, servername: 'a.example', ...options });
    try {
      await once(socket, 'secureConnect');
      const group = (socket.getEphemeralKeyInfo() as { name?: string } | null)?.name;
      return { version: socket.getProtocol(), cipher: socket.getCipher().name, group };
    } finally {
      socket.destroy();
      listening.close();
      await once(listening, 'close');
    }
  }

  it('has TLS 1.2 as its lower bound without a name', async () => {
    const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'ALL@SECLEVEL=0' } as const;

    assert.equal((await handshake('', {})).version, 'TLSv1.3');
    assert.equal((await handshake('', { maxVersion: 'TLSv1.2' })).version, 'TLSv1.2');
    await assert.rejects(handshake('', old), /alert|unsupported protocol|ECONNRESET/);
  });

  it('is TLS 1.2 with P-256 and AES-GCM for fips-140-2', async () => {
    const agreed = await handshake('fips-140-2', {});

    assert.deepEqual(agreed, {
      version: 'TLSv1.2',
      cipher: 'ECDHE-ECDSA-AES128-GCM-SHA256',
      group: 'prime256v1',
    });
    await assert.rejects(handshake('fips-140-2', { minVersion: 'TLSv1.3' }));
    await assert.rejects(handshake('fips-140-2', { ecdhCurve: 'P-384' }));
    await assert.rejects(handshake('fips-140-2', { ciphers: 'ECDHE-ECDSA-CHACHA20-POLY1305' }));
  });

  it('is TLS 1.2 or 1.3 with P-256 or P-384 for fips-140-3', async () => {
    assert.equal((await handshake('fips-140-3', {})).version, 'TLSv1.3');
    assert.equal((await handshake('fips-140-3', { ecdhCurve: 'P-384' })).group, 'secp384r1');
    assert.equal((await handshake('fips-140-3', { maxVersion: 'TLSv1.2' })).version, 'TLSv1.2');
    await assert.rejects(handshake('fips-140-3', { ecdhCurve: 'X25519' }));
    await assert.rejects(handshake('fips-140-3', { ciphers: 'TLS_CHACHA20_POLY1305_SHA256' }));
  });

  it('is TLS 1.3 with the hybrid group alone for pqc', async () => {
    const agreed = await handshake('pqc', { ecdhCurve: 'X25519MLKEM768' });

    assert.equal(agreed.version, 'TLSv1.3');
    assert.match(agreed.cipher, /^TLS_AES_(?:128_GCM_SHA256|256_GCM_SHA384)$/);
    await assert.rejects(handshake('pqc', { ecdhCurve: 'X25519' }));
    await assert.rejects(handshake('pqc', { maxVersion: 'TLSv1.2' }));
  });

  it('restricts nothing under a name nobody knows, and says so', () => {
    const { log, messages: logged } = recordingLog();

    assert.deepEqual(tlsPolicy('fips', log), tlsPolicy('', log));
    assert.deepEqual(tlsPolicy('constructor', log), tlsPolicy('', log));
    assert.deepEqual(logged('warn'), [
      'unknown compliance policy: "fips"',
      'unknown compliance policy: "constructor"',
    ]);
  });
});
