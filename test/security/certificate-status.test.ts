import { deepEqual, equal, notEqual } from 'node:assert/strict';

import { SecretRegister } from '../../src/security/certificate-status.ts';
import type { SecretItem } from '../../src/security/secret-item.ts';
import { issuePair, makeAuthority } from './authority.ts';

describe('SecretRegister', () => {
  const trust = (rootPem: string): SecretItem => ({ kind: 'trust', name: 'ROOTCA', rootPem });

  it('tells subjects, times and fingerprints of what is in use, and no key', async () => {
    const { chainPem, keyPem } = await issuePair(await makeAuthority(), [
      'spiffe://a/ns/b/sa/c',
      'c.example',
    ]);
    const register = new SecretRegister();

    register.note(
      { kind: 'certificate', name: 'default', certificateChainPem: chainPem, privateKeyPem: keyPem },
      'ca',
    );

    const [secret] = register.list();
    equal(secret?.certificates[0]?.sans, 'URI:spiffe://a/ns/b/sa/c, DNS:c.example');
    deepEqual(secret?.certificates[0]?.uris, ['spiffe://a/ns/b/sa/c']);
    equal(JSON.stringify(register.list()).includes(keyPem.split('\n')[1] ?? ''), false);
  });

  it('reads a value once, and a new one anew', async () => {
    const { rootPem } = await makeAuthority();
    const register = new SecretRegister();
    register.note(trust(rootPem), 'ca');
    const before = register.list()[0]?.certificates;

    register.note(trust(rootPem), 'ca');
    equal(register.list()[0]?.certificates, before);
    register.note(trust(`${rootPem}\n`), 'ca');

    notEqual(register.list()[0]?.certificates, before);
  });

  it('knows names by kind and who gives them, until they are forgotten', () => {
    const register = new SecretRegister();
    register.note(trust(''), 'files');
    deepEqual([register.namesOf('trust'), register.namesOf('certificate')], [['ROOTCA'], []]);
    equal(register.sourceOf('ROOTCA'), 'files');

    register.forget('ROOTCA');

    deepEqual([register.namesOf('trust'), register.sourceOf('ROOTCA')], [[], undefined]);
  });

  for (const body of ['AAAA', '!']) {
    it(`shows a certificate of ${body}, which cannot be read, as nothing`, () => {
      const register = new SecretRegister();

      register.note(trust(`-----BEGIN CERTIFICATE-----\n${body}\n-----END CERTIFICATE-----\n`), 'files');

      deepEqual(register.list()[0]?.certificates, []);
    });
  }
});
