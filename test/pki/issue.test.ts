import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import {
  certificateFacts,
  certificatePem,
  parseCertificates,
  verifyChain,
} from '../../src/pki/certificates.ts';
import { issueIntermediate, issueLeaf, issueRoot, type Issuer } from '../../src/pki/issue.ts';
import { generateKeys, parsePrivateKey, type KeyAlgorithm } from '../../src/pki/keys.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { openssl } from './openssl.ts';

const validity = {
  notBeforeMs: Date.UTC(2024, 0, 2, 3, 4, 5),
  notAfterMs: Date.UTC(2124, 0, 2, 3, 4, 5),
};
const names = ['spiffe://mesh.example/ns/shop/sa/cart', 'a.example', '127.0.0.1', '::1'];

async function makeRoot(algorithm: KeyAlgorithm, organization = 'mesh.example'): Promise<Issuer> {
  const keys = await generateKeys(algorithm);
  return { certificate: await issueRoot(keys, { ...validity, organization }), privateKey: keys.privateKey };
}

describe('issued certificates', () => {
  for (const algorithm of [
    { type: 'rsa', bits: 2048 },
    { type: 'ec', curve: 'P-256' },
    { type: 'ec', curve: 'P-384' },
  ] as const) {
    it(`pass openssl's strict check over an intermediate, with ${JSON.stringify(algorithm)}`, async () => {
      await using directory = await temporaryDirectory();
      const root = await makeRoot(algorithm);
      const middle = await generateKeys(algorithm);
      const intermediate = await issueIntermediate(root, middle.publicKey, {
        ...validity,
        organization: 'below',
      });
      const issuer = { certificate: intermediate, privateKey: middle.privateKey };
      const { publicKey } = await generateKeys(algorithm);

      const leaf = await issueLeaf(issuer, { ...validity, publicKey, names });

      const [rootFile, chainFile] = [join(directory.path, 'root.pem'), join(directory.path, 'chain.pem')];
      await writeFile(rootFile, certificatePem(root.certificate));
      await writeFile(chainFile, certificatePem(intermediate));
      const args = [
        'verify',
        '-x509_strict',
        '-purpose',
        'sslserver',
        '-CAfile',
        rootFile,
        '-untrusted',
        chainFile,
      ];
      assert.match(await openssl(args, certificatePem(leaf)), /OK/);
    });
  }

  it('carry what a workload certificate has', async () => {
    const root = await makeRoot({ type: 'ec', curve: 'P-256' });
    const { publicKey } = await generateKeys({ type: 'ec', curve: 'P-256' });

    const leaf = await issueLeaf(root, { ...validity, publicKey, names });

    const text = await openssl(['x509', '-noout', '-text'], certificatePem(leaf));
    assert.match(text, /Version: 3/);
    assert.match(text, /Key Usage: critical\s+Digital Signature, Key Encipherment\n/);
    assert.match(
      text,
      /Extended Key Usage: ?\s+TLS Web Server Authentication, TLS Web Client Authentication\n/,
    );
    assert.match(text, /Basic Constraints: critical\s+CA:FALSE/);
    assert.match(
      text,
      /Subject Alternative Name: critical\s+URI:spiffe:.*, DNS:a\.example, IP Address:127\.0\.0\.1/,
    );
    assert.match(text, /Not After : Jan {2}2 03:04:05 2124 GMT/);
    assert.ok(leaf.publicKey.equals(publicKey));
    const [subjectKeyId, authorityKeyId] = ['Subject', 'Authority'].map(
      (kind) => new RegExp(`X509v3 ${kind} Key Identifier: ?\\s+([0-9A-F:]+)`).exec(text)?.[1],
    );
    const rootText = await openssl(['x509', '-noout', '-text'], certificatePem(root.certificate));
    assert.ok(subjectKeyId && authorityKeyId && subjectKeyId !== authorityKeyId);
    assert.ok(rootText.includes(authorityKeyId));
  });

  it('can name an organization that is not plain ASCII letters', async () => {
    const root = await makeRoot({ type: 'ec', curve: 'P-256' }, 'mesh_of_Zürich');

    assert.equal(certificateFacts(root.certificate).subject, 'O=mesh_of_Zürich');
  });

  it('have a serial number of their own', async () => {
    const root = await makeRoot({ type: 'ec', curve: 'P-256' });
    const { publicKey } = await generateKeys({ type: 'ec', curve: 'P-256' });
    const issue = () => issueLeaf(root, { ...validity, publicKey, names });

    const serials = (await Promise.all([issue(), issue(), issue()])).map((one) => one.serialNumber);

    assert.equal(new Set(serials).size, 3);
    assert.ok(serials.every((serial) => /^[4-7][0-9A-F]{31}$/.test(serial)));
  });

  it("name their issuer as a foreign CA wrote it, with that CA's key id", async () => {
    await using directory = await temporaryDirectory();
    const [keyFile, certFile] = [join(directory.path, 'key.pem'), join(directory.path, 'cert.pem')];
    const subject = '/C=DE/O=Ünlike ours/CN=root';
    const args = [
      'req',
      '-x509',
      '-new',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-utf8',
      '-subj',
      subject,
      '-days',
      '30',
    ];
    await openssl([...args, '-keyout', keyFile, '-out', certFile]);
    const [certificate] = parseCertificates(await readFile(certFile, 'utf8'));
    assert.ok(certificate);
    const issuer = { certificate, privateKey: parsePrivateKey(await readFile(keyFile, 'utf8')) };
    const { publicKey } = await generateKeys({ type: 'ec', curve: 'P-256' });

    const leaf = await issueLeaf(issuer, { ...validity, publicKey, names });

    assert.match(await openssl(['verify', '-CAfile', certFile], certificatePem(leaf)), /OK/);
  });
});

describe('certificateFacts', () => {
  it('tells names, dates and the CA flag', async () => {
    const root = await makeRoot({ type: 'ec', curve: 'P-256' });
    const { publicKey } = await generateKeys({ type: 'ec', curve: 'P-256' });
    const uris = ['spiffe://mesh.example/ns/a,b/sa/"c"', 'spiffe://mesh.example/ns/x/sa/y'];
    const leaf = await issueLeaf(root, { ...validity, publicKey, names: [...uris, 'dns.example'] });

    const facts = certificateFacts(leaf);

    assert.deepEqual(facts.uris, uris);
    assert.equal(facts.notBeforeMs, validity.notBeforeMs);
    assert.equal(facts.notAfterMs, validity.notAfterMs);
    assert.equal(facts.isCa, false);
    assert.equal(facts.issuer, 'O=mesh.example');
    assert.equal(certificateFacts(root.certificate).isCa, true);
  });
});

describe('verifyChain', () => {
  const now = Date.UTC(2030, 0, 1);

  it('finds the way over intermediates in any order', async () => {
    const root = await makeRoot({ type: 'ec', curve: 'P-256' });
    const stranger = await makeRoot({ type: 'ec', curve: 'P-256' });
    const keys = await generateKeys({ type: 'ec', curve: 'P-256' });
    const intermediate = await issueIntermediate(root, keys.publicKey, {
      ...validity,
      organization: 'below',
    });
    const issuer = { certificate: intermediate, privateKey: keys.privateKey };
    const leaf = await issueLeaf(issuer, { ...validity, publicKey: keys.publicKey, names });
    const intermediates = [stranger.certificate, intermediate];

    verifyChain({ leaf, intermediates, roots: [root.certificate] }, now);

    for (const broken of [
      { leaf, intermediates: [], roots: [root.certificate] },
      { leaf, intermediates, roots: [] },
      { leaf, intermediates: [intermediate], roots: [stranger.certificate] },
    ]) {
      assert.throws(() => verifyChain(broken, now), /no trusted issuer for certificate/);
    }
  });

  it('refuses an intermediate that is a leaf, and one that is expired', async () => {
    const root = await makeRoot({ type: 'ec', curve: 'P-256' });
    const keys = await generateKeys({ type: 'ec', curve: 'P-256' });
    const publicKey = keys.publicKey;
    const middle = await issueLeaf(root, { ...validity, publicKey, names });
    const old = await issueIntermediate(root, publicKey, {
      ...validity,
      notAfterMs: now - 1000,
      organization: 'o',
    });

    for (const certificate of [middle, old]) {
      const leaf = await issueLeaf(
        { certificate, privateKey: keys.privateKey },
        { ...validity, publicKey, names },
      );

      assert.throws(
        () => verifyChain({ leaf, intermediates: [certificate], roots: [root.certificate] }, now),
        /no trusted issuer/,
      );
    }
  });

  it('refuses a root that only shares the name', async () => {
    const [root, imposter] = [
      await makeRoot({ type: 'ec', curve: 'P-256' }),
      await makeRoot({ type: 'ec', curve: 'P-256' }),
    ];
    const { publicKey } = await generateKeys({ type: 'ec', curve: 'P-256' });
    const leaf = await issueLeaf(imposter, { ...validity, publicKey, names });

    assert.throws(
      () => verifyChain({ leaf, intermediates: [], roots: [root.certificate] }, now),
      /no trusted/,
    );
  });
});
