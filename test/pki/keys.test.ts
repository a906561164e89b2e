// Numbers in titles are those of the list of behaviours in the security specification.

import assert from 'node:assert/strict';

import { generateKeys, keyAlgorithmOf, parsePrivateKey, privateKeyPem } from '../../src/pki/keys.ts';
import { formatPem, PemError } from '../../src/pki/pem.ts';
import { openssl } from './openssl.ts';

const options = { eccSignatureAlgorithm: '', eccCurve: 'P256', rsaKeySize: 2048 };

describe('keyAlgorithmOf', () => {
  it('takes RSA unless ECDSA is asked for', () => {
    assert.deepEqual(keyAlgorithmOf(options), { type: 'rsa', bits: 2048 });
  });

  it('3: takes P-384 only when it is named', () => {
    const ecdsa = { ...options, eccSignatureAlgorithm: 'ECDSA', rsaKeySize: 0 };

    assert.deepEqual(keyAlgorithmOf({ ...ecdsa, eccCurve: 'P384' }), { type: 'ec', curve: 'P-384' });
    assert.deepEqual(keyAlgorithmOf({ ...ecdsa, eccCurve: 'P999' }), { type: 'ec', curve: 'P-256' });
  });

  it('4: refuses small RSA keys and other ECC algorithms in the words of the reference', () => {
    assert.throws(() => keyAlgorithmOf({ ...options, rsaKeySize: 1024 }), {
      message: 'requested key size does not meet the minimum required size of 2048 (requested: 1024)',
    });
    assert.throws(() => keyAlgorithmOf({ ...options, eccSignatureAlgorithm: 'RSA' }), {
      message: 'csr cert generation fails due to unsupported EC signature algorithm',
    });
  });
});

describe('private keys', () => {
  for (const [algorithm, label] of [
    [{ type: 'rsa', bits: 2048 }, 'RSA PRIVATE KEY'],
    [{ type: 'ec', curve: 'P-256' }, 'EC PRIVATE KEY'],
    [{ type: 'ec', curve: 'P-384' }, 'EC PRIVATE KEY'],
  ] as const) {
    it(`2: of ${JSON.stringify(algorithm)} are written as ${label} or PKCS#8 and read back`, async () => {
      const { privateKey } = await generateKeys(algorithm);

      const own = privateKeyPem(privateKey, false);
      const pkcs8 = privateKeyPem(privateKey, true);

      assert.ok(own.startsWith(`-----BEGIN ${label}-----\n`) && own.endsWith('-----\n'));
      assert.ok(pkcs8.startsWith('-----BEGIN PRIVATE KEY-----\n'));
      assert.ok(parsePrivateKey(`a comment\n${own}`).equals(privateKey));
      assert.ok(parsePrivateKey(pkcs8).equals(privateKey));
      await openssl(['pkey', '-noout', '-check'], own);
    });
  }

  it('are generated without holding up the event loop', async () => {
    let turns = 0;
    const counter = setInterval(() => turns++, 0);

    await generateKeys({ type: 'rsa', bits: 2048 });

    clearInterval(counter);
    assert.ok(turns > 0, 'no timer ran while the key was made');
  });

  it('of another PEM kind, or broken ones, are refused without their content', () => {
    const broken = formatPem({ label: 'PRIVATE KEY', der: Buffer.from('not a key') });

    assert.throws(() => parsePrivateKey(formatPem({ label: 'CERTIFICATE', der: Buffer.of(1) })), {
      message: 'unsupported PEM block type for a private key: CERTIFICATE',
    });
    assert.throws(
      () => parsePrivateKey(broken),
      (error) => error instanceof PemError && !error.message.includes('bm90'),
    );
    assert.throws(() => parsePrivateKey(''), PemError);
  });
});
