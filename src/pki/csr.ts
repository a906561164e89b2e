// Certificate signing requests (PKCS#10): making the one form a mesh CA accepts, and reading what callers send
// to the embedded CA. Upstream counterpart: istio security/pkg/pki/util/generate_csr.go.

import { createPublicKey, type KeyObject } from 'node:crypto';

import {
  bytesOf,
  childrenOf,
  decodeDer,
  encodeDer,
  hasTag,
  integer,
  isOctetString,
  objectId,
  objectIdOf,
  printableString,
  sequence,
  set,
  tagged,
} from './der.ts';
import type { Der } from './der.ts';
import type { KeyPair } from './keys.ts';
import { formatPem, parsePem, PemError } from './pem.ts';
import { signed, verifiedContent } from './signature.ts';
import {
  parseGeneralNames,
  SUBJECT_ALT_NAME_OID,
  subjectAltName,
  subjectAltNameExtension,
  type SubjectAltName,
} from './subject-alt-names.ts';

export interface Csr {
  readonly publicKey: KeyObject;
  readonly subjectAltNames: readonly SubjectAltName[];
  /** Object identifiers of every extension asked for, subjectAltName included. */
  readonly extensions: readonly string[];
}

const LABELS = new Set(['CERTIFICATE REQUEST', 'NEW CERTIFICATE REQUEST']);
const ORGANIZATION_OID = '2.5.4.10';
const EXTENSION_REQUEST_OID = '1.2.840.113549.1.9.14';

/**
 * A request of exactly this form, which registration authorities compare byte for byte: subject `O=""`, one
 * extension, a critical subjectAltName, and nothing else.
 *
 * @param name the SPIFFE id; an IP literal or a DNS name also works
 * @returns PEM
 */
export async function makeCsr(keys: KeyPair, name: string): Promise<string> {
  const subject = sequence(set(sequence(objectId(ORGANIZATION_OID), printableString(''))));
  const publicKey = decodeDer(keys.publicKey.export({ type: 'spki', format: 'der' }));
  const extensions = sequence(subjectAltNameExtension([subjectAltName(name)]));
  const attributes = tagged(0, sequence(objectId(EXTENSION_REQUEST_OID), set(extensions)));
  const der = await signed(sequence(integer(0), subject, publicKey, attributes), keys.privateKey);
  return formatPem({ label: 'CERTIFICATE REQUEST', der });
}

/**
 * Reads a request and proves that its sender holds the private key.
 *
 * @param pem the first block counts
 * @throws PemError | DerError when it is not a request or its own signature does not match
 */
export function parseCsr(pem: string): Csr {
  const block = parsePem(pem)[0];
  if (block === undefined || !LABELS.has(block.label)) throw new PemError('not a certificate request');
  const frame = decodeDer(block.der);
  const publicKey = publicKeyOf(childrenOf(childrenOf(frame)[0])[2]);
  const extensions = requestedExtensions(childrenOf(verifiedContent(frame, publicKey)).slice(3));
  const names = extensions.find((extension) => extensionId(extension) === SUBJECT_ALT_NAME_OID);
  return {
    publicKey,
    subjectAltNames: names === undefined ? [] : parseGeneralNames(extensionValue(names)),
    extensions: extensions.map(extensionId),
  };
}

function publicKeyOf(value: Der | undefined): KeyObject {
  const key = sequence(...childrenOf(value));
  try {
    return createPublicKey({ key: encodeDer(key), type: 'spki', format: 'der' });
  } catch (error) {
    throw new PemError('the public key of the certificate request cannot be read', { cause: error });
  }
}

function requestedExtensions(rest: readonly Der[]): Der[] {
  const attributes = rest.filter((value) => hasTag(value, 0)).flatMap(childrenOf);
  return attributes
    .map(childrenOf)
    .filter(([type]) => objectIdOf(type) === EXTENSION_REQUEST_OID)
    .flatMap(([, values]) => childrenOf(childrenOf(values)[0]));
}

function extensionId(extension: Der): string {
  return objectIdOf(childrenOf(extension)[0]);
}

function extensionValue(extension: Der): Der {
  return decodeDer(bytesOf(childrenOf(extension).find(isOctetString)));
}
