// Properties of files that somebody else writes, and of names that somebody else asks for: what they hold is used, or
// refused by an error of our own.

import { equal, ok } from 'node:assert/strict';

import * as fc from 'fast-check';

import { parseCertificates } from '../../../src/pki/certificates.ts';
import { parsePrivateKey } from '../../../src/pki/keys.ts';
import { formatPem, parsePem, pemTexts } from '../../../src/pki/pem.ts';
import { AgentError, messageOf } from '../../../src/runtime/errors.ts';
import { checkCrls } from '../../../src/security/files/crl.ts';
import { checkKeyPair } from '../../../src/security/files/key-pair.ts';
import { parseFileResource } from '../../../src/security/files/resource-name.ts';
import { filterRoots } from '../../../src/security/files/root-bundle.ts';
import { SecretError } from '../../../src/security/secret-item.ts';
import { fuzzTarget, type FuzzTarget } from '../../support/fuzz.ts';
import { anyChange, makeMaterial, pemLookalike, type Material } from '../fuzz/hostile-pem.ts';
import { FileWorld } from './file-world.ts';

/** A file made of good material. */
type Recipe = (material: Material) => string;

const block = fc.tuple(fc.constantFrom('leaf', 'intermediate', 'root', 'csr', 'keyPem'), anyChange).map(
  ([part, change]): Recipe =>
    (material) =>
      change(material[part]),
);
const noise = fc.oneof(pemLookalike, fc.string({ unit: 'binary' })).map(
  (text): Recipe =>
    () =>
      text,
);
const recipe = fc
  .array(fc.oneof({ weight: 6, arbitrary: block }, { weight: 1, arbitrary: noise }), { maxLength: 5 })
  .map(
    (parts): Recipe =>
      (material) =>
        parts.map((part) => part(material)).join(''),
  );

/** False when the work was refused. */
function succeeds(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    ok(error instanceof AgentError, error instanceof Error ? error.stack : String(error));
    ok(!messageOf(error).includes('PRIVATE KEY-----'));
    return false;
  }
}

/** The good material, made at the first input. */
function withMaterial(
  examine: (given: readonly string[]) => void,
): (recipes: readonly Recipe[]) => Promise<void> {
  let made: Promise<Material> | undefined;
  return async (recipes) => {
    const material = await (made ??= makeMaterial());
    examine(recipes.map((each) => each(material)));
  };
}

const pairs = fuzzTarget(
  'files of a pair belong together or are refused',
  fc.tuple(recipe, recipe),
  withMaterial(([chain = '', key = '']) => {
    if (!succeeds(() => checkKeyPair(chain, key))) return;
    const found = parsePem(key).find(({ label }) => label.endsWith('PRIVATE KEY'));
    ok(found !== undefined);
    equal(parseCertificates(chain)[0]?.checkPrivateKey(parsePrivateKey(formatPem(found))), true);
  }),
);

const bundles = fuzzTarget(
  'bundles lose what cannot be used, and nothing the second time',
  fc.tuple(recipe),
  withMaterial(([text = '']) => {
    const { pem, count } = filterRoots(text);

    equal(pemTexts(pem).length, count);
    ok(parsePem(pem).every(({ label }) => label === 'CERTIFICATE'));
    const again = filterRoots(pem);
    equal(again.pem, pem);
    equal(again.dropped.length, 0);
  }),
);

const lists = fuzzTarget(
  'revocation lists are taken or refused',
  fc.tuple(recipe),
  withMaterial(([text = '']) => {
    succeeds(() => checkCrls(text, []));
    succeeds(() => checkCrls(text.replaceAll(/CERTIFICATE(?: REQUEST)?/g, 'X509 CRL'), []));
  }),
);

const path = fc.oneof(
  fc.constantFrom('/etc/hostname', '/dev/zero', '/', '..', '~', '', '\0', '/proc/self/mem', 'a'.repeat(5000)),
  fc.string({ unit: 'binary' }),
);
const name = fc.oneof(
  path,
  fc.tuple(path, path).map(([certificate, key]) => `file-cert:${certificate}~${key}`),
  path.map((each) => `file-root:${each}`),
);

const names = fuzzTarget('names are those of files, of nothing, or refused', name, async (text) => {
  const resource = parseFileResource(text);
  if (resource?.kind === 'pair') equal(text, `file-cert:${resource.certificate}~${resource.privateKey}`);
  if (resource?.kind === 'root') equal(text, `file-root:${resource.path}`);
  await using files = await FileWorld.create({ limitMs: 1 });
  try {
    equal(await files.served(text), undefined);
  } catch (error) {
    ok(error instanceof SecretError, String(error));
  }
  equal(files.directories.size, 0);
});

export const fileTargets: readonly FuzzTarget[] = [pairs, bundles, lists, names];
