// What a CA, or whoever writes a file, may send instead of a good chain: the good one with bytes changed, parts
// doubled, cut or out of order, and texts that only look like PEM.

import * as fc from 'fast-check';

import { certificatePem } from '../../../src/pki/certificates.ts';
import { makeCsr } from '../../../src/pki/csr.ts';
import { issueIntermediate, issueLeaf } from '../../../src/pki/issue.ts';
import { generateKeys, privateKeyPem, type KeyPair } from '../../../src/pki/keys.ts';
import { formatPem, parsePem } from '../../../src/pki/pem.ts';
import { makeAuthority } from '../authority.ts';

const HOUR_MS = 3_600_000;
const P256 = { type: 'ec', curve: 'P-256' } as const;

/** Good material of every kind. */
export interface Material {
  readonly keys: KeyPair;
  readonly leaf: string;
  readonly intermediate: string;
  readonly root: string;
  readonly csr: string;
  readonly keyPem: string;
}

export async function makeMaterial(): Promise<Material> {
  const authority = await makeAuthority();
  const [keys, below] = await Promise.all([generateKeys(P256), generateKeys(P256)]);
  const times = { notBeforeMs: Date.now() - HOUR_MS, notAfterMs: Date.now() + 24 * HOUR_MS };
  const request = { ...times, organization: 'below' };
  const certificate = await issueIntermediate(authority.issuer, below.publicKey, request);
  const names = ['spiffe://test.example/ns/shop/sa/cart'];
  const issuer = { certificate, privateKey: below.privateKey };
  const leaf = await issueLeaf(issuer, { ...times, publicKey: keys.publicKey, names });
  return {
    keys,
    leaf: certificatePem(leaf),
    intermediate: certificatePem(certificate),
    root: authority.rootPem,
    csr: await makeCsr(keys, names[0] ?? ''),
    keyPem: privateKeyPem(keys.privateKey, false),
  };
}

/** A change to one PEM text; the numbers are shares of its length. */
export type Change = (pem: string) => string;

const share = fc.double({ min: 0, max: 1, noNaN: true });
const byte = fc.integer({ min: 0, max: 255 });

/** Bytes of the first block's content replaced: most often still a certificate, but another one. */
const changedBytes = fc.array(fc.tuple(share, byte), { minLength: 1, maxLength: 4 }).map((edits): Change => {
  return (pem) => {
    const [block] = parsePem(pem);
    if (block === undefined) return pem;
    const der = Buffer.from(block.der);
    for (const [at, value] of edits) der[Math.floor(at * (der.length - 1))] = value;
    return formatPem({ label: block.label, der });
  };
});

const cut = fc.tuple(share, share).map(([from, to]): Change => {
  return (pem) =>
    pem.slice(Math.floor(Math.min(from, to) * pem.length), Math.ceil(Math.max(from, to) * pem.length));
});

const layout = fc.constantFrom<Change>(
  (pem) => pem,
  (pem) => pem.trimEnd(),
  (pem) => pem.replaceAll('\n', '\r\n'),
  (pem) => pem.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE'),
  (pem) => pem.repeat(30),
  (pem) => `before\n${pem}after`,
);

export const anyChange: fc.Arbitrary<Change> = fc.oneof(changedBytes, cut, layout);

/** Long texts of what PEM is made of, in which a careless pattern loses itself. */
export const pemLookalike: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(
      fc.constantFrom(
        '-----BEGIN ',
        '-----END ',
        '-----',
        'CERTIFICATE',
        '\n',
        '\r\n',
        ' ',
        '-',
        '=',
        'AAAA',
      ),
      { minLength: 1, maxLength: 8 },
    ),
    fc.nat(20_000),
  )
  .map(([parts, times]) =>
    parts
      .join('')
      .repeat(times)
      .slice(0, 1024 * 1024),
  );
