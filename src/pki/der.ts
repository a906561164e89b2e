// DER values, built and taken apart with node-forge's ASN.1. The shapes of requests and certificates are in
// csr.ts and issue.ts; nothing here knows about cryptography. node-forge holds bytes as Latin-1 strings, the
// rest of the project as Buffers: this file is the border.

import asn1, { type Asn1 } from 'node-forge/lib/asn1.js';

import { AgentError } from '../runtime/errors.ts';

export type Der = Asn1;

/** Bytes that are not the ASN.1 structure they should be. */
export class DerError extends AgentError {}

const { Class, Type } = asn1;

export function sequence(...children: readonly Der[]): Der {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, [...children]);
}

export function set(...children: readonly Der[]): Der {
  return asn1.create(Class.UNIVERSAL, Type.SET, true, [...children]);
}

export function objectId(dotted: string): Der {
  return asn1.create(Class.UNIVERSAL, Type.OID, false, asn1.oidToDer(dotted).getBytes());
}

/** @param value a small number, or the big-endian bytes of a positive one */
export function integer(value: number | Buffer): Der {
  const bytes = typeof value === 'number' ? asn1.integerToDer(value).getBytes() : value.toString('latin1');
  return asn1.create(Class.UNIVERSAL, Type.INTEGER, false, bytes);
}

export function boolean(value: boolean): Der {
  return primitive(Type.BOOLEAN, Buffer.of(value ? 0xff : 0x00));
}

export function nullValue(): Der {
  return primitive(Type.NULL, Buffer.alloc(0));
}

export function octetString(content: Buffer): Der {
  return primitive(Type.OCTETSTRING, content);
}

/** @param unusedBits how many of the last byte's low bits do not count, 0 to 7 */
export function bitString(content: Buffer, unusedBits = 0): Der {
  return primitive(Type.BITSTRING, Buffer.concat([Buffer.of(unusedBits), content]));
}

/** @param text letters, digits and the few signs PrintableString allows */
export function printableString(text: string): Der {
  return primitive(Type.PRINTABLESTRING, Buffer.from(text, 'latin1'));
}

/** Any text; names in certificates are written so unless printableString can hold them. */
export function utf8String(text: string): Der {
  return primitive(Type.UTF8, Buffer.from(text));
}

/** UTCTime until 2049 and GeneralizedTime after, as RFC 5280 4.1.2.5 wants. Milliseconds are dropped. */
export function time(ms: number): Der {
  const date = new Date(ms);
  const late = date.getUTCFullYear() >= 2050;
  const text = late ? asn1.dateToGeneralizedTime(date) : asn1.dateToUtcTime(date);
  return asn1.create(Class.UNIVERSAL, late ? Type.GENERALIZEDTIME : Type.UTCTIME, false, text);
}

/** `[tag] EXPLICIT`, or an implicit constructed type, around other values. */
export function tagged(tag: number, ...children: readonly Der[]): Der {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, true, [...children]);
}

/** `[tag] IMPLICIT` over a primitive type. */
export function taggedBytes(tag: number, content: Buffer): Der {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag, false, content.toString('latin1'));
}

export function encodeDer(value: Der): Buffer {
  return Buffer.from(asn1.toDer(value).getBytes(), 'latin1');
}

/**
 * Parses one complete DER value.
 *
 * @throws DerError when the bytes are not ASN.1, are longer than the value, or are not its canonical form
 */
export function decodeDer(bytes: Buffer): Der {
  try {
    // The contents of bit strings stay bytes: they are keys and signatures here.
    const options = { strict: true, parseAllBytes: true, decodeBitStrings: false };
    const value = asn1.fromDer(bytes.toString('latin1'), options);
    if (encodeDer(value).equals(bytes)) return value;
  } catch (error) {
    throw new DerError('not an ASN.1 DER value', { cause: error });
  }
  throw new DerError('an ASN.1 value, but not in its DER form');
}

/** The members of a constructed value. @throws DerError when it is primitive */
export function childrenOf(value: Der | undefined): readonly Der[] {
  if (value === undefined || typeof value.value === 'string')
    throw new DerError('a constructed value is missing');
  return value.value;
}

/** The content of a primitive value. @throws DerError when it is constructed */
export function bytesOf(value: Der | undefined): Buffer {
  if (value === undefined || typeof value.value !== 'string')
    throw new DerError('a primitive value is missing');
  return Buffer.from(value.value, 'latin1');
}

/** @throws DerError when it is not an object identifier */
export function objectIdOf(value: Der | undefined): string {
  if (value?.type !== Type.OID || value.tagClass !== Class.UNIVERSAL) throw new DerError('an OID is missing');
  return asn1.derToOid(bytesOf(value).toString('latin1'));
}

/** True for the context-specific tag `[tag]`. */
export function hasTag(value: Der | undefined, tag: number): value is Der {
  return value !== undefined && value.tagClass === Class.CONTEXT_SPECIFIC && value.type === tag;
}

export function isOctetString(value: Der | undefined): value is Der {
  return value?.type === Type.OCTETSTRING && value.tagClass === Class.UNIVERSAL;
}

function primitive(type: number, content: Buffer): Der {
  return asn1.create(Class.UNIVERSAL, type, false, content.toString('latin1'));
}
