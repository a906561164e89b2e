// Making X.509 certificates: a self-signed root, an intermediate CA, and the certificate of a workload or server.
// Who may have which names is the caller's decision. Upstream counterpart: istio security/pkg/pki/util.

import { createHash, randomBytes, X509Certificate, type KeyObject } from 'node:crypto';

import {
  bitString,
  boolean,
  bytesOf,
  childrenOf,
  decodeDer,
  encodeDer,
  hasTag,
  integer,
  objectId,
  octetString,
  printableString,
  sequence,
  set,
  tagged,
  taggedBytes,
  time,
  utf8String,
} from './der.ts';
import type { Der } from './der.ts';
import type { KeyPair } from './keys.ts';
import { signed, signatureAlgorithm } from './signature.ts';
import { subjectAltName, subjectAltNameExtension } from './subject-alt-names.ts';

export interface Validity {
  /** Milliseconds since the Unix epoch; certificates keep whole seconds. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

export interface Issuer {
  readonly certificate: X509Certificate;
  readonly privateKey: KeyObject;
}

export interface CaRequest extends Validity {
  /** The `O` of the subject. */
  readonly organization: string;
}

export interface LeafRequest extends Validity {
  readonly publicKey: KeyObject;
  /** SPIFFE ids, DNS names or IP addresses, at least one: the subject name stays empty. */
  readonly names: readonly string[];
}

const BASIC_CONSTRAINTS_OID = '2.5.29.19';
const KEY_USAGE_OID = '2.5.29.15';
const EXTENDED_KEY_USAGE_OID = '2.5.29.37';
const SUBJECT_KEY_ID_OID = '2.5.29.14';
const AUTHORITY_KEY_ID_OID = '2.5.29.35';
const SERVER_AUTH_OID = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH_OID = '1.3.6.1.5.5.7.3.2';
const ORGANIZATION_OID = '2.5.4.10';

/** A root that signs itself. */
export function issueRoot(keys: KeyPair, request: CaRequest): Promise<X509Certificate> {
  const subject = organizationName(request.organization);
  const extensions = caExtensions(keys.publicKey);
  return issue(
    { ...request, subject, issuer: subject, extensions, publicKey: keys.publicKey },
    keys.privateKey,
  );
}

/** A CA below another one; it may sign leaf certificates only. */
export function issueIntermediate(
  issuer: Issuer,
  publicKey: KeyObject,
  request: CaRequest,
): Promise<X509Certificate> {
  const subject = organizationName(request.organization);
  const extensions = [...caExtensions(publicKey, 0), authorityKeyId(issuer)];
  return issue({ subject, issuer: subjectOf(issuer), extensions, publicKey, ...request }, issuer.privateKey);
}

/** A certificate for both ends of a TLS connection, with an empty subject and a critical subjectAltName. */
export function issueLeaf(issuer: Issuer, request: LeafRequest): Promise<X509Certificate> {
  const { publicKey, names } = request;
  const extensions = [
    critical(KEY_USAGE_OID, bitString(Buffer.of(0b1010_0000), 5)), // digitalSignature, keyEncipherment
    extension(EXTENDED_KEY_USAGE_OID, sequence(objectId(SERVER_AUTH_OID), objectId(CLIENT_AUTH_OID))),
    critical(BASIC_CONSTRAINTS_OID, sequence()),
    extension(SUBJECT_KEY_ID_OID, octetString(keyId(publicKey))),
    authorityKeyId(issuer),
    subjectAltNameExtension(names.map(subjectAltName)),
  ];
  const parts = { ...request, subject: sequence(), issuer: subjectOf(issuer), extensions };
  return issue(parts, issuer.privateKey);
}

interface Parts extends Validity {
  readonly subject: Der;
  readonly issuer: Der;
  readonly publicKey: KeyObject;
  readonly extensions: readonly Der[];
}

async function issue(parts: Parts, key: KeyObject): Promise<X509Certificate> {
  const content = sequence(
    tagged(0, integer(2)), // version 3
    integer(serialNumber()),
    signatureAlgorithm(key),
    parts.issuer,
    sequence(time(parts.notBeforeMs), time(parts.notAfterMs)),
    parts.subject,
    decodeDer(parts.publicKey.export({ type: 'spki', format: 'der' })),
    tagged(3, sequence(...parts.extensions)),
  );
  return new X509Certificate(await signed(content, key));
}

/** 127 random bits; positive, never zero, and the first byte never zero, so it is DER as it is. */
function serialNumber(): Buffer {
  const bytes = randomBytes(16);
  bytes.writeUInt8((bytes.readUInt8(0) & 0x7f) | 0x40, 0);
  return bytes;
}

function organizationName(text: string): Der {
  const isPrintable = /^[A-Za-z0-9 '()+,./:=?-]*$/.test(text); // X.680's PrintableString
  const value = isPrintable ? printableString(text) : utf8String(text);
  return sequence(set(sequence(objectId(ORGANIZATION_OID), value)));
}

function extension(id: string, value: Der): Der {
  return sequence(objectId(id), octetString(encodeDer(value)));
}

function critical(id: string, value: Der): Der {
  return sequence(objectId(id), boolean(true), octetString(encodeDer(value)));
}

/** @param pathLength how many CAs may follow below; absent is no limit */
function caExtensions(publicKey: KeyObject, pathLength?: number): Der[] {
  const limit = pathLength === undefined ? [] : [integer(pathLength)];
  return [
    critical(KEY_USAGE_OID, bitString(Buffer.of(0b0000_0110), 1)), // keyCertSign, cRLSign
    critical(BASIC_CONSTRAINTS_OID, sequence(boolean(true), ...limit)),
    extension(SUBJECT_KEY_ID_OID, octetString(keyId(publicKey))),
  ];
}

function authorityKeyId(issuer: Issuer): Der {
  return extension(AUTHORITY_KEY_ID_OID, sequence(taggedBytes(0, subjectKeyIdOf(issuer.certificate))));
}

/** The leftmost 160 bits of SHA-256 over the key bits. @see RFC 7093, method 1 */
function keyId(publicKey: KeyObject): Buffer {
  const [, bits] = childrenOf(decodeDer(publicKey.export({ type: 'spki', format: 'der' })));
  return createHash('sha256').update(bytesOf(bits).subarray(1)).digest().subarray(0, 20);
}

/** The fields of a certificate from the issuer on; the version before them is absent in version 1. */
function contentOf(certificate: X509Certificate): readonly Der[] {
  const fields = childrenOf(childrenOf(decodeDer(certificate.raw))[0]);
  return typeof fields[0]?.value === 'string' ? fields.slice(2) : fields.slice(3);
}

/** Byte for byte as the CA wrote its name: chains are built by comparing it. */
function subjectOf(issuer: Issuer): Der {
  const subject = contentOf(issuer.certificate)[2];
  return sequence(...childrenOf(subject));
}

/** As written in the CA's certificate, or computed when it names none. */
function subjectKeyIdOf(certificate: X509Certificate): Buffer {
  const extensions = contentOf(certificate).at(-1);
  const wrapped = hasTag(extensions, 3) ? childrenOf(childrenOf(extensions)[0]) : [];
  const encoded = objectId(SUBJECT_KEY_ID_OID).value;
  const found = wrapped.map(childrenOf).find(([id]) => id?.value === encoded);
  return found === undefined ? keyId(certificate.publicKey) : bytesOf(decodeDer(bytesOf(found.at(-1))));
}
