// Numbers in titles are those of the list of behaviours in the security specification.

import assert from 'node:assert/strict';

import { certificatePem } from '../../../src/pki/certificates.ts';
import { parseCsr } from '../../../src/pki/csr.ts';
import { issueIntermediate, issueLeaf, issueRoot } from '../../../src/pki/issue.ts';
import { generateKeys } from '../../../src/pki/keys.ts';
import { ChainError } from '../../../src/security/ca/ca-answer.ts';
import { obtainCertificate, type IdentitySettings } from '../../../src/security/ca/workload-certificate.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { authorityOf, makeAuthority, signRequest, type Authority } from '../authority.ts';

const HOUR_MS = 3_600_000;
const signal = new AbortController().signal;
const identity = {
  spiffeId: 'spiffe://test.example/ns/shop/sa/cart',
  ttlMs: HOUR_MS,
  eccSignatureAlgorithm: 'ECDSA',
  eccCurve: 'P256',
  rsaKeySize: 2048,
  pkcs8Key: false,
};

describe('obtainCertificate', () => {
  let authority: Authority;
  const clock = new FakeClock();

  before(async () => {
    authority = await makeAuthority();
  });

  /** What comes of a CA that answers each request with `answer`. */
  async function obtain(answer: (csr: string) => Promise<string[]>, part: Partial<IdentitySettings> = {}) {
    const { log, messages } = recordingLog();
    const certificate = await obtainCertificate(
      { ...identity, ...part },
      { ca: authorityOf(answer), clock, log },
      signal,
    );
    return { certificate, warnings: messages('warn') };
  }

  const good = (csr: string): Promise<string[]> => signRequest(authority, csr, HOUR_MS, clock);

  it('5: takes a new key for every request, and the life from the certificate', async () => {
    const [one, two] = [await obtain(good), await obtain(good)];

    assert.notEqual(one.certificate.keyPem, two.certificate.keyPem);
    assert.equal(one.certificate.expiresMs, clock.now() + HOUR_MS);
    assert.equal(one.certificate.createdMs, clock.now());
    assert.deepEqual(one.warnings, []);
  });

  it('accepts intermediates, also several certificates in one element, and several roots', async () => {
    const other = await makeAuthority('other.example');
    const keys = await generateKeys({ type: 'ec', curve: 'P-256' });
    const validity = { notBeforeMs: clock.now(), notAfterMs: clock.now() + HOUR_MS };
    const intermediate = await issueIntermediate(authority.issuer, keys.publicKey, {
      ...validity,
      organization: 'below',
    });
    const issuer = { certificate: intermediate, privateKey: keys.privateKey };

    const { certificate } = await obtain(async (csr) => {
      const { publicKey } = parseCsr(csr);
      const leaf = await issueLeaf(issuer, { ...validity, publicKey, names: [identity.spiffeId] });
      return [
        certificatePem(leaf) + certificatePem(intermediate).trimEnd(),
        other.rootPem + authority.rootPem.trimEnd(),
      ];
    });

    assert.equal(certificate.rootPem, other.rootPem + authority.rootPem.trimEnd());
    assert.match(certificate.chainPem, /-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----/);
    assert.equal(certificate.chainPem.match(/BEGIN/g)?.length, 4);
  });

  it('refuses a chain without root, and one that is no PEM', async () => {
    await assert.rejects(
      obtain(async () => []),
      { message: 'invalid empty CertChain' },
    );
    await assert.rejects(
      obtain(async (csr) => (await good(csr)).slice(0, 1)),
      { message: 'invalid empty CertChain' },
    );
    await assert.rejects(
      obtain(async () => ['leaf', 'root']),
      /failed to extract expire time from server certificate in CSR response: no certificate found/,
    );
  });

  it('19: refuses a certificate for another key', async () => {
    const { publicKey } = await generateKeys({ type: 'ec', curve: 'P-256' });
    const validity = { notBeforeMs: clock.now(), notAfterMs: clock.now() + HOUR_MS };

    const answer = async (): Promise<string[]> => {
      const leaf = await issueLeaf(authority.issuer, { ...validity, publicKey, names: [identity.spiffeId] });
      return [certificatePem(leaf), authority.rootPem];
    };

    await assert.rejects(obtain(answer), (error) => {
      assert.ok(error instanceof ChainError);
      assert.equal(error.message, 'the CA signed a certificate for another key');
      return true;
    });
  });

  it('refuses one that is expired on arrival, and one that leads to no root', async () => {
    const other = await makeAuthority('other.example');

    await assert.rejects(
      obtain((csr) => signRequest(authority, csr, -1000, clock)),
      /certificate spiffe:\/\/.* expired at .*Z, before it arrived/,
    );
    await assert.rejects(
      obtain(async (csr) => [(await good(csr))[0] ?? '', other.rootPem]),
      /the CertChain does not lead to its root: no trusted issuer/,
    );
  });

  it('refuses a CA certificate for a workload, and a chain without end', async () => {
    const validity = { notBeforeMs: clock.now(), notAfterMs: clock.now() + HOUR_MS };
    const asCa = async (csr: string): Promise<string[]> => {
      const { publicKey } = parseCsr(csr);
      const ca = await issueIntermediate(authority.issuer, publicKey, { ...validity, organization: 'x' });
      return [certificatePem(ca), authority.rootPem];
    };

    await assert.rejects(obtain(asCa), /a CA certificate for the workload/);
    await assert.rejects(
      obtain(async (csr) => [...(await good(csr)), authority.rootPem.repeat(101)]),
      /more than 100 certificates/,
    );
  });

  /** A CA that gives everybody these names, valid from so much later. */
  const naming =
    (names: readonly string[], laterMs = 0) =>
    async (csr: string): Promise<string[]> => {
      const { publicKey } = parseCsr(csr);
      const validity = { notBeforeMs: clock.now() + laterMs, notAfterMs: clock.now() + HOUR_MS };
      const leaf = await issueLeaf(authority.issuer, { ...validity, publicKey, names });
      return [certificatePem(leaf), authority.rootPem];
    };

  for (const [names, text] of [
    [['spiffe://else/ns/a/sa/b'], 'spiffe://else/ns/a/sa/b'],
    [[identity.spiffeId, 'spiffe://else/ns/a/sa/b'], `${identity.spiffeId}, spiffe://else/ns/a/sa/b`],
    [['a.example'], 'no URI'],
  ] as const) {
    it(`accepts a certificate for ${text} with a warning, and refuses it when it is strict`, async () => {
      const { warnings } = await obtain(naming(names));

      const problem = `the CA issued a certificate for ${text}, asked was ${identity.spiffeId}`;
      assert.deepEqual(warnings, [problem]);
      await assert.rejects(obtain(naming(names), { strictSpiffeId: true }), { message: problem });
    });
  }

  it('takes the name it asked for when it is strict', async () => {
    const { warnings } = await obtain(naming([identity.spiffeId, 'a.example']), { strictSpiffeId: true });

    assert.deepEqual(warnings, []);
  });

  it('accepts one that is valid later, with a warning when that is more than two minutes', async () => {
    const minuteMs = 60_000;

    const [near, far] = [
      await obtain(naming([identity.spiffeId], 2 * minuteMs)),
      await obtain(naming([identity.spiffeId], 3 * minuteMs)),
    ];

    assert.deepEqual(near.warnings, []);
    assert.deepEqual(far.warnings, [
      "the certificate is not valid before 2026-01-01T00:03:00.000Z: this clock or the CA's is wrong",
    ]);
    assert.equal(far.certificate.notBeforeMs, clock.now() + 3 * minuteMs);
  });

  it('keeps an expired trust anchor, and says so', async () => {
    const keys = await generateKeys({ type: 'ec', curve: 'P-256' });
    const times = { notBeforeMs: 0, notAfterMs: clock.now() - HOUR_MS };
    const old = certificatePem(await issueRoot(keys, { ...times, organization: 'old' }));

    const { certificate, warnings } = await obtain(async (csr) => {
      const [leaf = '', root = ''] = await good(csr);
      return [leaf, root + old];
    });

    assert.equal(certificate.rootPem, authority.rootPem + old);
    assert.equal(warnings.length, 1);
    assert.match(
      warnings[0] ?? '',
      /^trust anchor O=old \(serial \w+\) expired at 2025-12-31T23:00:00.000Z$/,
    );
  });

  it('asks no signer for an identity with an empty part, and a CA without one may fill it in', async () => {
    const spiffeId = 'spiffe://test.example/ns//sa/';
    let requests = 0;
    const counted = (csr: string): Promise<string[]> => {
      requests++;
      return good(csr);
    };

    await assert.rejects(obtain(counted, { spiffeId, certSigner: 'issuers/mine' }), {
      message:
        'no request is sent to signer issuers/mine for ' +
        'spiffe://test.example/ns//sa/, with an empty namespace and service account',
    });
    assert.equal(requests, 0);
    await obtain(counted, { spiffeId });
    await obtain(counted, { certSigner: 'issuers/mine' });
    assert.equal(requests, 2);
  });

  it('asks for whole seconds', async () => {
    const asked: number[] = [];
    const ca = authorityOf(async (csr, ttlSeconds) => {
      asked.push(ttlSeconds);
      return good(csr);
    });

    await obtainCertificate({ ...identity, ttlMs: 1999 }, { ca, clock, log: recordingLog().log }, signal);

    assert.deepEqual(asked, [1]);
  });

  it('fails for key options that are not possible, as for a refusal', async () => {
    await assert.rejects(
      obtain(good, { eccSignatureAlgorithm: '', rsaKeySize: 1024 }),
      /minimum required size of 2048/,
    );
  });
});
