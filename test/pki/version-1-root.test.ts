// A root as old tools make it: without a version, and so without extensions.

import { doesNotThrow, equal, throws } from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';

import { verifyChain } from '../../src/pki/certificates.ts';
import { decodeDer, integer, objectId, printableString, sequence, set, time } from '../../src/pki/der.ts';
import { issueIntermediate, issueLeaf, issueRoot } from '../../src/pki/issue.ts';
import { generateKeys } from '../../src/pki/keys.ts';
import { signatureAlgorithm, signed } from '../../src/pki/signature.ts';

const VALIDITY = { notBeforeMs: 0, notAfterMs: 4e12 };
const NOW_MS = 1e12;

describe('a root of the first version of X.509', () => {
  it('is trusted for what it signed, and is no intermediate', async () => {
    const [keys, leafKeys] = await Promise.all([newKeys(), newKeys()]);
    const root = await versionOne(keys);
    const request = { publicKey: leafKeys.publicKey, names: ['spiffe://a/ns/b/sa/c'], ...VALIDITY };
    const leaf = await issueLeaf({ certificate: root, privateKey: keys.privateKey }, request);
    const other = await issueRoot(await newKeys(), { organization: 'other', ...VALIDITY });

    equal(root.ca, false);
    doesNotThrow(() => verifyChain({ leaf, intermediates: [], roots: [root] }, NOW_MS));
    throws(() => verifyChain({ leaf, intermediates: [root], roots: [other] }, NOW_MS), /no trusted issuer/);
  });

  it('is not what a later one is that does not say it is a CA', async () => {
    const [keys, leafKeys] = await Promise.all([newKeys(), newKeys()]);
    const root = await issueRoot(keys, { organization: 'ca', ...VALIDITY });
    const issuer = { certificate: root, privateKey: keys.privateKey };
    const noCa = await issueLeaf(issuer, { publicKey: keys.publicKey, names: ['a.example'], ...VALIDITY });
    const below = await issueIntermediate(
      { certificate: noCa, privateKey: keys.privateKey },
      leafKeys.publicKey,
      { organization: 'below', ...VALIDITY },
    );

    throws(() => verifyChain({ leaf: below, intermediates: [], roots: [noCa] }, NOW_MS), /no trusted issuer/);
  });
});

function newKeys(): ReturnType<typeof generateKeys> {
  return generateKeys({ type: 'ec', curve: 'P-256' });
}

async function versionOne(keys: Awaited<ReturnType<typeof newKeys>>): Promise<X509Certificate> {
  const name = sequence(set(sequence(objectId('2.5.4.10'), printableString('old'))));
  const content = sequence(
    integer(1),
    signatureAlgorithm(keys.privateKey),
    name,
    sequence(time(VALIDITY.notBeforeMs), time(VALIDITY.notAfterMs)),
    name,
    decodeDer(keys.publicKey.export({ type: 'spki', format: 'der' })),
  );
  return new X509Certificate(await signed(content, keys.privateKey));
}
