import assert from 'node:assert/strict';
import { createSign, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';

import { status, type ServiceError } from '@grpc/grpc-js';

import { certificateFacts, verifyChain } from '../../../src/pki/certificates.ts';
import { makeCsr } from '../../../src/pki/csr.ts';
import { generateKeys } from '../../../src/pki/keys.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { testDiscovery } from '../support.ts';

const HOUR_MS = 3_600_000;

async function csrFor(name: string): Promise<string> {
  return makeCsr(await generateKeys({ type: 'ec', curve: 'P-256' }), name);
}

describe('certificate service', () => {
  it('puts the identity of the token into the certificate, whatever the request asks', async () => {
    await using running = await testDiscovery({});
    const client = await running.connect(await running.token('shop', 'web'));

    const chain = await client.createCertificate(
      await csrFor('spiffe://cluster.local/ns/evil/sa/admin'),
      3600,
    );

    const [leaf, root] = chain.map((pem) => new X509Certificate(pem));
    assert.ok(leaf && root && chain.length === 2);
    assert.equal(leaf.subjectAltName, 'URI:spiffe://cluster.local/ns/shop/sa/web');
    assert.equal(chain[1], await readFile(running.discovery.rootCertificatePath, 'utf8'));
    verifyChain({ leaf, intermediates: [], roots: [root] }, Date.now());
    const { notBeforeMs, notAfterMs } = certificateFacts(leaf);
    assert.ok(Math.abs(notAfterMs - Date.now() - HOUR_MS) < 10_000);
    assert.ok(Math.abs(Date.now() - notBeforeMs - 120_000) < 10_000);
  });

  it('gives 24 hours to a request that names no lifetime', async () => {
    await using running = await testDiscovery({});
    const client = await running.connect(await running.token('shop', 'web'));

    const [leaf = ''] = await client.createCertificate(await csrFor('spiffe://x/ns/shop/sa/web'), 0);

    const { notAfterMs } = certificateFacts(new X509Certificate(leaf));
    assert.ok(Math.abs(notAfterMs - Date.now() - 24 * HOUR_MS) < 10_000);
  });

  it('uses the trust domain it was given', async () => {
    await using running = await testDiscovery({}, { trustDomain: 'example.org' });
    const client = await running.connect(await running.token('shop', 'web'));

    const [leaf = ''] = await client.createCertificate(await csrFor('spiffe://x/ns/shop/sa/web'), 60);

    assert.equal(new X509Certificate(leaf).subjectAltName, 'URI:spiffe://example.org/ns/shop/sa/web');
  });

  const refusals = [
    {
      what: 'a lifetime above 90 days',
      csr: () => csrFor('spiffe://x/ns/shop/sa/web'),
      seconds: 87_600 * 3600,
      details:
        /^CSR signing error \(requested TTL 87600h0m0s is greater than the max allowed TTL 2160h0m0s\)$/,
    },
    {
      what: 'text that is no request',
      csr: async () => 'hello',
      seconds: 60,
      details: /^CSR signing error \(not a certificate request\)$/,
    },
    {
      what: 'a request that its own key did not sign',
      csr: forgedCsr,
      seconds: 60,
      details: /^CSR signing error \(.*signature/,
    },
  ];
  for (const { what, csr, seconds, details } of refusals) {
    it(`refuses ${what}`, async () => {
      await using running = await testDiscovery({});
      const client = await running.connect(await running.token('shop', 'web'));

      const error = await client.createCertificate(await csr(), seconds).then(
        () => undefined,
        (error: ServiceError) => error,
      );

      assert.equal(error?.code, status.INVALID_ARGUMENT);
      assert.match(error.details, details);
    });
  }

  it('refuses a caller without token', async () => {
    await using running = await testDiscovery({});
    const client = await running.connect();

    const error = await client.createCertificate(await csrFor('spiffe://x/ns/shop/sa/web'), 60).then(
      () => undefined,
      (error: ServiceError) => error,
    );

    assert.equal(error?.code, status.UNAUTHENTICATED);
    assert.equal(error.details, 'request authenticate failure: no token was sent');
  });

  it('accepts tokens of the keys in a JWKS file, and only for its own audience', async () => {
    await using keys = await foreignKeys();
    await using running = await testDiscovery({}, { jwksFile: keys.jwksFile });
    const good = await running.connect(keys.token('istio-ca'));
    const foreign = await running.connect(keys.token('vault'));
    const csr = await csrFor('spiffe://x/ns/shop/sa/web');

    const [leaf = ''] = await good.createCertificate(csr, 60);

    assert.match(new X509Certificate(leaf).subjectAltName ?? '', /ns\/shop\/sa\/web$/);
    await assert.rejects(foreign.createCertificate(csr, 60), {
      code: status.UNAUTHENTICATED,
      details: /"aud"/,
    });
  });
});

/** A request with one byte of its signature changed. */
async function forgedCsr(): Promise<string> {
  const pem = await csrFor('spiffe://x/ns/shop/sa/web');
  const der = Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
  der.writeUInt8((der.at(-1) ?? 0) ^ 1, der.length - 1);
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
}

interface ForeignKeys extends AsyncDisposable {
  readonly jwksFile: string;
  readonly token: (audience: string) => string;
}

/** A token source of its own, made without the product's code. */
async function foreignKeys(): Promise<ForeignKeys> {
  const directory = await temporaryDirectory();
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const jwksFile = `${directory.path}/jwks.json`;
  await writeFile(
    jwksFile,
    JSON.stringify({ keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'k1' }] }),
  );
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const token = (audience: string): string => {
    const payload = {
      aud: [audience],
      sub: 'system:serviceaccount:shop:web',
      exp: Math.floor(Date.now() / 1000) + 60,
    };
    const signed = `${part({ alg: 'RS256', kid: 'k1' })}.${part(payload)}`;
    const signature = createSign('sha256').update(signed).sign(privateKey).toString('base64url');
    return `${signed}.${signature}`;
  };
  return { jwksFile, token, [Symbol.asyncDispose]: () => directory.remove() };
}
