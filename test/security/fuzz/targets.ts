// Properties of what arrives from outside as an identity: answers of a CA, PEM files, signing requests, tokens.
// Whatever they hold, it is used or refused by an error of our own.

import { equal, ok } from 'node:assert/strict';

import * as fc from 'fast-check';

import { certificateFacts, parseCertificates } from '../../../src/pki/certificates.ts';
import { parseCsr } from '../../../src/pki/csr.ts';
import { issueLeaf, issueRoot } from '../../../src/pki/issue.ts';
import { parsePrivateKey } from '../../../src/pki/keys.ts';
import { pemTexts } from '../../../src/pki/pem.ts';
import { loadMessages } from '../../../src/proto/messages.ts';
import { AgentError, messageOf } from '../../../src/runtime/errors.ts';
import { checkAnswer, readAnswer } from '../../../src/security/ca/ca-answer.ts';
import { callMetadata } from '../../../src/security/upstream/call-headers.ts';
import { TokenExpiry } from '../../../src/security/upstream/token-expiry.ts';
import { tokenProblem } from '../../../src/security/upstream/token-source.ts';
import { fuzzTarget, type FuzzTarget } from '../../support/fuzz.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { anyChange, makeMaterial, pemLookalike, type Change, type Material } from './hostile-pem.ts';

const TIMES = { notBeforeMs: Date.UTC(2026, 0, 1), notAfterMs: Date.UTC(2036, 0, 1) };

type Part = 'leaf' | 'intermediate' | 'root' | 'csr' | 'keyPem';

const part = fc.constantFrom<Part>('leaf', 'leaf', 'intermediate', 'root', 'csr', 'keyPem');
const changed = fc.record({ part, change: anyChange });
const element = fc.oneof(
  { weight: 8, arbitrary: changed },
  { weight: 1, arbitrary: pemLookalike },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) },
);

type Element = string | { readonly part: Part; readonly change: Change };

function textOf(given: Element, material: Material): string {
  return typeof given === 'string' ? given : given.change(material[given.part]);
}

/** Whether `read` gives a value; anything but an error of ours is let through. */
function readOrRefused<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    ok(error instanceof AgentError, `${String(error)}\n${error instanceof Error ? error.stack : ''}`);
    ok(!messageOf(error).includes('PRIVATE KEY-----'));
    return undefined;
  }
}

/** The good material, made at the first input. */
function withMaterial<T>(
  examine: (input: T, material: Material) => void | Promise<void>,
): (input: T) => Promise<void> {
  let made: Promise<Material> | undefined;
  return async (input) => examine(input, await (made ??= makeMaterial()));
}

const answers = fuzzTarget(
  'answers of a CA are used or refused',
  fc.tuple(fc.array<Element>(element, { maxLength: 4 }), fc.array<Element>(element, { maxLength: 1 })),
  withMaterial(([elements, bundle], material) => {
    readOrRefused(() => {
      const texts = [elements, bundle].map((list) => list.map((each) => textOf(each, material)));
      const answer = readAnswer(texts[0] ?? [], texts[1] ?? []);
      checkAnswer(answer, material.keys.publicKey, Date.now());
      ok(answer.leaf.publicKey.equals(material.keys.publicKey));
      equal(typeof certificateFacts(answer.leaf).serial, 'string');
    });
  }),
);

const { certificateResponse } = loadMessages();

const bytes = fuzzTarget(
  'bytes of a CA are a list of texts or no message',
  fc.uint8Array({ maxLength: 200 }),
  (input) => {
    let elements: readonly string[];
    try {
      elements = certificateResponse.decode(Buffer.from(input)).certChain;
    } catch (error) {
      ok(error instanceof Error); // the client turns it into its own
      return;
    }
    readOrRefused(() => readAnswer(elements, []));
  },
);

const files = fuzzTarget(
  'PEM of certificates, keys and requests is read or refused',
  fc.array<Element>(element, { maxLength: 3 }),
  withMaterial((elements, material) => {
    const text = elements.map((each) => textOf(each, material)).join('\n');
    pemTexts(text);
    for (const certificate of readOrRefused(() => parseCertificates(text)) ?? [])
      certificateFacts(certificate);
    readOrRefused(() => parsePrivateKey(text));
    readOrRefused(() => parseCsr(text));
  }),
);

const uri = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });

const names = fuzzTarget(
  'names in certificates are read as they are written',
  fc.array(uri, { minLength: 1, maxLength: 3 }),
  withMaterial(async (texts, { keys }) => {
    const issued = texts.map((text) => `spiffe://${text}`);
    const issuer = { certificate: await issueRoot(keys, { ...TIMES, organization: 'x' }), ...keys };
    const leaf = await issueLeaf(issuer, { ...TIMES, publicKey: keys.publicKey, names: issued });

    const { uris } = certificateFacts(leaf);

    equal(uris.length, issued.length);
    for (const [i, name] of issued.entries()) if (/^[ -~]*$/.test(name)) equal(uris[i], name);
  }),
);

const claims = fc.record(
  {
    exp: fc.oneof(fc.double(), fc.integer(), fc.string()),
    aud: fc.oneof(fc.string(), fc.array(fc.jsonValue())),
  },
  { requiredKeys: [] },
);
const jwtLike = fc
  .tuple(fc.string(), fc.oneof(claims, fc.jsonValue()), fc.base64String())
  .map(([head, body, end]) => `${head}.${Buffer.from(JSON.stringify(body)).toString('base64url')}.${end}`);
const token = fc.oneof(jwtLike, fc.string({ unit: 'binary' }), fc.base64String());

const tokens = fuzzTarget('tokens are sent or left out, and never shown', token, (text) => {
  const { log, messages: logged } = recordingLog();
  const expiry = new TokenExpiry({ clock: { now: () => Date.now() }, log });

  expiry.look(text, 'of the test');
  if (tokenProblem(text) === undefined) callMetadata(text, '', {});

  ok(expiry.expiresMs === undefined || !Number.isNaN(new Date(expiry.expiresMs).getTime()));
  const [, payload = '', signature = ''] = text.split('.');
  for (const secret of [payload, signature].filter((each) => each.length > 20)) {
    ok(!logged().join().includes(secret));
  }
});

export const identityTargets: readonly FuzzTarget[] = [answers, bytes, files, names, tokens];
