// Numbers in titles are those of the list of behaviours in the security specification.

import { deepEqual, equal } from 'node:assert/strict';

import { parseCertificates } from '../../../src/pki/certificates.ts';
import { childrenOf, decodeDer, encodeDer, integer, sequence } from '../../../src/pki/der.ts';
import { formatPem } from '../../../src/pki/pem.ts';
import { filterRoots } from '../../../src/security/files/root-bundle.ts';
import { makeAuthority } from '../authority.ts';

describe('filterRoots', () => {
  let one: string;
  let two: string;
  before(async () => {
    one = (await makeAuthority('one')).rootPem;
    two = (await makeAuthority('two')).rootPem;
  });

  it('38: keeps every certificate, written anew, without what stands between them', () => {
    const text = `# one\r\n${one.replaceAll('\n', '\r\n')}\n# two\n${two}\n\n`;

    deepEqual(filterRoots(text), { pem: one + two, count: 2, dropped: [] });
  });

  it('38: leaves out what is no certificate, and what Envoy would refuse', () => {
    const broken = formatPem({ label: 'CERTIFICATE', der: Buffer.from('broken') });

    const bundle = filterRoots(`${negative(one)}${one}${broken}${two}`);

    deepEqual(bundle, {
      pem: one + two,
      count: 2,
      dropped: ['negative serial number', 'not an X.509 certificate'],
    });
  });

  it('38: reads nothing after a block that is not PEM', () => {
    const dropped = ['malformed PEM, and what follows is not read'];
    for (const broken of [
      two.replace('MII', 'MI-'),
      two.replace('END CERTIFICATE', 'END'),
      two.slice(0, 200),
      two.replace('BEGIN CERTIFICATE', 'BEGIN '),
    ]) {
      deepEqual(filterRoots(`${one}${broken}${one}`), { pem: one, count: 1, dropped });
    }
  });

  it('38: is empty for a file that is, and for text', () => {
    for (const text of ['', 'no certificate\n'])
      deepEqual(filterRoots(text), { pem: '', count: 0, dropped: [] });
  });

  it('38: is no place for keys', () => {
    const key = formatPem({ label: 'PRIVATE KEY', der: Buffer.from('secret') });

    const { pem, dropped } = filterRoots(key + one);

    equal(pem, one);
    deepEqual(dropped, ['not an X.509 certificate']);
  });
});

/** The same certificate, but its serial number is below zero; its signature does not count here. */
function negative(pem: string): string {
  const [certificate] = parseCertificates(pem);
  if (certificate === undefined) throw new Error('no certificate');
  const [content, ...rest] = childrenOf(decodeDer(certificate.raw));
  const [version, , ...others] = childrenOf(content);
  if (version === undefined) throw new Error('no version');
  const der = encodeDer(sequence(sequence(version, integer(Buffer.of(0x80, 1)), ...others), ...rest));
  return formatPem({ label: 'CERTIFICATE', der });
}
