import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';

import { CertificateAuthority } from '../../../src/discovery/ca/certificate-authority.ts';
import { openRoot } from '../../../src/discovery/ca/root.ts';
import { makeCsr } from '../../../src/pki/csr.ts';
import { generateKeys } from '../../../src/pki/keys.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const DAY_MS = 24 * 3_600_000;
const IDENTITY = { namespace: 'shop', serviceAccount: 'web' };

async function authorityAt(clock: FakeClock): Promise<CertificateAuthority> {
  await using directory = await temporaryDirectory();
  const root = await openRoot(directory.path, undefined, clock.now());
  return new CertificateAuthority({ root, trustDomain: 'cluster.local', now: () => clock.now() });
}

describe('CertificateAuthority', () => {
  it('never lets a certificate outlive the root', async () => {
    const clock = new FakeClock();
    const authority = await authorityAt(clock);
    const csr = await makeCsr(await generateKeys({ type: 'ec', curve: 'P-256' }), 'spiffe://x/ns/a/sa/b');
    await clock.tick(3649 * DAY_MS);

    const [leaf = '', root = ''] = await authority.sign(csr, IDENTITY, 30 * 24 * 3600);

    assert.equal(new X509Certificate(leaf).validTo, new X509Certificate(root).validTo);
  });

  it('makes a certificate for the service that names every host', async () => {
    const authority = await authorityAt(new FakeClock());

    const { chainPem } = await authority.serverCertificate(['istiod.istio-system.svc', '127.0.0.1']);

    const leaf = new X509Certificate(chainPem);
    assert.equal(leaf.checkHost('istiod.istio-system.svc'), 'istiod.istio-system.svc');
    assert.equal(leaf.checkIP('127.0.0.1'), '127.0.0.1');
  });
});
