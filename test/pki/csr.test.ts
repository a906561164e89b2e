// Numbers in titles are those of the list of behaviours in the security specification.

import assert from 'node:assert/strict';

import { makeCsr, parseCsr } from '../../src/pki/csr.ts';
import { DerError } from '../../src/pki/der.ts';
import { generateKeys, privateKeyPem, type KeyAlgorithm } from '../../src/pki/keys.ts';
import { formatPem, parsePem, PemError } from '../../src/pki/pem.ts';
import { openssl } from './openssl.ts';

const id = 'spiffe://mesh.example/ns/shop/sa/cart';
const p256: KeyAlgorithm = { type: 'ec', curve: 'P-256' };

describe('makeCsr', () => {
  for (const [algorithm, signature] of [
    [{ type: 'rsa', bits: 2048 }, 'sha256WithRSAEncryption'],
    [p256, 'ecdsa-with-SHA256'],
    [{ type: 'ec', curve: 'P-384' }, 'ecdsa-with-SHA384'],
  ] as const) {
    it(`1, 3: signs with ${signature} and openssl verifies it`, async () => {
      const pem = await makeCsr(await generateKeys(algorithm), id);

      const text = await openssl(['req', '-verify', '-noout', '-text'], pem);

      assert.match(text, /verify OK/);
      assert.ok(text.includes(`Signature Algorithm: ${signature}`));
      assert.match(text, /Version: 1 \(0x0\)/);
      assert.match(text, /Alternative Name: critical\s+URI:spiffe:\/\/mesh\.example\/ns\/shop\/sa\/cart\n/);
    });
  }

  it('1: has exactly the subject and the attribute that registration authorities compare', async () => {
    const keys = await generateKeys({ type: 'rsa', bits: 2048 });

    const pem = await makeCsr(keys, 'spiffe://a/ns/b/sa/c');

    const hex = parsePem(pem)[0]?.der.toString('hex') ?? '';

    // version 0, then SEQUENCE { SET { SEQUENCE { OID 2.5.4.10, PrintableString "" } } }
    assert.ok(hex.includes('020100300b31093007060355040a1300'));
    const name = Buffer.from('spiffe://a/ns/b/sa/c').toString('hex'); // 20 bytes
    const names = `30168614${name}`;
    const extension = `30220603551d110101ff0418${names}`;
    assert.ok(hex.includes(`a035303306092a864886f70d01090e31263024${extension}`), hex);
    // sha256WithRSAEncryption with NULL, then a signature of 2048 bits, and nothing behind it
    assert.match(hex, /300d06092a864886f70d01010b050003820101[0-9a-f]{514}$/);
    assert.ok(privateKeyPem(keys.privateKey, false).startsWith('-----BEGIN RSA PRIVATE KEY-----\n'));
  });

  it('writes the PEM form of the reference', async () => {
    const pem = await makeCsr(await generateKeys(p256), id);

    assert.match(
      pem,
      /^-----BEGIN CERTIFICATE REQUEST-----\n([\w+/=]{1,64}\n)+-----END CERTIFICATE REQUEST-----\n$/,
    );
  });
});

describe('parseCsr', () => {
  it('gives back the key and the names', async () => {
    const keys = await generateKeys(p256);

    const csr = parseCsr(await makeCsr(keys, id));

    assert.ok(csr.publicKey.equals(keys.publicKey));
    assert.deepEqual(csr.subjectAltNames, [{ type: 'uri', value: id }]);
    assert.deepEqual(csr.extensions, ['2.5.29.17']);
  });

  it('reads what openssl writes', async () => {
    const args = ['req', '-new', '-newkey', 'rsa:2048', '-nodes', '-keyout', '/dev/null', '-subj', '/O=x'];
    const names = 'subjectAltName=DNS:a.example,IP:127.0.0.9,IP:::1,email:a@b.example,URI:spiffe://a';
    const text = await openssl([...args, '-addext', names, '-addext', 'keyUsage=digitalSignature']);

    const csr = parseCsr(text);

    assert.deepEqual(csr.subjectAltNames, [
      { type: 'dns', value: 'a.example' },
      { type: 'ip', value: '127.0.0.9' },
      { type: 'ip', value: '::1' },
      { type: 'email', value: 'a@b.example' },
      { type: 'uri', value: 'spiffe://a' },
    ]);
    assert.deepEqual(csr.extensions, ['2.5.29.17', '2.5.29.15']);
  });

  it('refuses a request whose name was changed after signing', async () => {
    const pem = await makeCsr(await generateKeys(p256), id);
    const der = parsePem(pem)[0]?.der ?? Buffer.alloc(0);
    der.write('pay_', der.indexOf('cart'));

    assert.throws(() => parseCsr(formatPem({ label: 'CERTIFICATE REQUEST', der })), {
      message: 'the signature does not match',
    });
  });

  it('refuses other PEM and other bytes', () => {
    assert.throws(() => parseCsr('nothing'), PemError);
    assert.throws(() => parseCsr(formatPem({ label: 'CERTIFICATE', der: Buffer.of(0x30, 0) })), PemError);
    for (const der of [Buffer.of(0x30, 0), Buffer.from('garbage'), Buffer.of(0x30, 0x81, 0x00)]) {
      assert.throws(() => parseCsr(formatPem({ label: 'CERTIFICATE REQUEST', der })), DerError);
    }
  });
});
