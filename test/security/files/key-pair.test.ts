import { doesNotThrow, throws } from 'node:assert/strict';

import { parsePrivateKey, privateKeyPem } from '../../../src/pki/keys.ts';
import { checkKeyPair } from '../../../src/security/files/key-pair.ts';
import { issuePair, makeAuthority, type PemPair } from '../authority.ts';

describe('checkKeyPair', () => {
  let rootPem: string;
  let pair: PemPair;
  let other: PemPair;
  before(async () => {
    const authority = await makeAuthority();
    rootPem = authority.rootPem;
    pair = await issuePair(authority, ['spiffe://td/ns/a/sa/b']);
    other = await issuePair(authority, ['spiffe://td/ns/a/sa/b']);
  });

  it('takes the key of the first certificate, whatever follows it', () => {
    doesNotThrow(() => checkKeyPair(`${pair.chainPem}${rootPem}`, pair.keyPem));
  });

  it('takes a key after the parameters of its curve, and one beside its chain', () => {
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';

    doesNotThrow(() => checkKeyPair(pair.chainPem, `${parameters}${pair.keyPem}`));
    doesNotThrow(() => checkKeyPair(`${pair.chainPem}${pair.keyPem}`, `${pair.chainPem}${pair.keyPem}`));
  });

  it('takes every form of a key', () => {
    const key = parsePrivateKey(pair.keyPem);

    for (const pkcs8 of [true, false]) {
      doesNotThrow(() => checkKeyPair(pair.chainPem, privateKeyPem(key, pkcs8)));
    }
  });

  it('refuses the key of another certificate', () => {
    throws(
      () => checkKeyPair(pair.chainPem, other.keyPem),
      /^CertificateError: the private key does not match/,
    );
    throws(
      () => checkKeyPair(`${rootPem}${pair.chainPem}`, pair.keyPem),
      /does not match the first certificate/,
    );
  });

  it('refuses what is no key, and tells its label', () => {
    throws(() => checkKeyPair(pair.chainPem, ''), /no PEM block found for a private key/);
    throws(
      () => checkKeyPair(pair.chainPem, pair.keyPem.replaceAll('PRIVATE KEY', 'ENCRYPTED PRIVATE KEY')),
      /unsupported PEM block type for a private key: ENCRYPTED PRIVATE KEY/,
    );
    throws(
      () => checkKeyPair(pair.chainPem, rootPem),
      /unsupported PEM block type for a private key: CERTIFICATE/,
    );
  });

  it('refuses a chain that cannot be read to its end', () => {
    const broken = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

    throws(() => checkKeyPair('', pair.keyPem), /no certificate found/);
    throws(
      () => checkKeyPair(`${pair.chainPem}${broken}`, pair.keyPem),
      /certificate 2 of 2 cannot be parsed/,
    );
  });
});
