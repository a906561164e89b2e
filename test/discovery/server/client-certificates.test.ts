import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { status } from '@grpc/grpc-js';

import { certificatePem, parseCertificates } from '../../../src/pki/certificates.ts';
import { makeCsr } from '../../../src/pki/csr.ts';
import { issueLeaf, type Issuer } from '../../../src/pki/issue.ts';
import { generateKeys, parsePrivateKey, privateKeyPem } from '../../../src/pki/keys.ts';
import { makeAuthority } from '../../security/authority.ts';
import { testDiscovery, type ClientCertificate, type TestClient, type TestDiscovery } from '../support.ts';

const HOUR_MS = 3_600_000;
const WEB = 'spiffe://cluster.local/ns/shop/sa/web';
const P256 = { type: 'ec', curve: 'P-256' } as const;

/** The CA's own key and root, to sign what it would not. */
async function issuerOf({ stateDirectory, discovery }: TestDiscovery): Promise<Issuer> {
  const [certificate] = parseCertificates(await readFile(discovery.rootCertificatePath, 'utf8'));
  if (certificate === undefined) throw new Error('no root');
  const key = await readFile(join(stateDirectory, 'root-key.pem'), 'utf8');
  return { certificate, privateKey: parsePrivateKey(key) };
}

async function certified(issuer: Issuer, name = WEB, endsInMs = HOUR_MS): Promise<ClientCertificate> {
  const keys = await generateKeys(P256);
  const times = { notBeforeMs: Date.now() - 2 * HOUR_MS, notAfterMs: Date.now() + endsInMs };
  const leaf = await issueLeaf(issuer, { publicKey: keys.publicKey, names: [name], ...times });
  return { chainPem: certificatePem(leaf), keyPem: privateKeyPem(keys.privateKey, true) };
}

/** The name in the certificate that this client is given. */
async function nameGiven(client: TestClient): Promise<string | undefined> {
  const csr = await makeCsr(await generateKeys(P256), 'spiffe://x/ns/a/sa/b');
  const [leaf = ''] = await client.createCertificate(csr, 60);
  return new X509Certificate(leaf).subjectAltName;
}

describe('client certificates', () => {
  it('identify a caller without token, at the CA and at the discovery service', async () => {
    await using running = await testDiscovery({});
    const client = await running.connect(undefined, await certified(await issuerOf(running)));

    const name = await nameGiven(client);
    const stream = client.sotw();
    stream.close();

    equal(name, `URI:${WEB}`);
    equal(await stream.ended, undefined);
  });

  it('count before the token', async () => {
    await using running = await testDiscovery({});
    const other = await running.token('shop', 'other');
    const client = await running.connect(other, await certified(await issuerOf(running)));

    equal(await nameGiven(client), `URI:${WEB}`);
  });

  it('leave it to the token when they have expired, are of another CA, or no workload', async () => {
    await using running = await testDiscovery({});
    const issuer = await issuerOf(running);
    const stranger = await makeAuthority('stranger');
    const token = await running.token('shop', 'other');
    const useless = [
      await certified(issuer, WEB, -1000),
      await certified(stranger.issuer),
      await certified(issuer, 'istiod.istio-system.svc'),
      await certified(issuer, 'spiffe://elsewhere/ns/shop/sa/web'),
    ];

    const names = await Promise.all(
      useless.map(async (pair) => nameGiven(await running.connect(token, pair))),
    );

    deepEqual(names, Array(4).fill('URI:spiffe://cluster.local/ns/shop/sa/other'));
  });

  it('are refused in words when they are no workload and there is no token', async () => {
    await using running = await testDiscovery({});
    const client = await running.connect(undefined, await certified(await issuerOf(running), 'a.example'));

    await rejects(nameGiven(client), (error: { code: number; details: string }) => {
      equal(error.code, status.UNAUTHENTICATED);
      match(error.details, /the client certificate is no workload's of cluster\.local/);
      return true;
    });
  });
});
