// Subject alternative names: text form, ASN.1 form, and back.

import { isIP } from 'node:net';

import ipaddr from 'ipaddr.js';

import {
  boolean,
  bytesOf,
  childrenOf,
  encodeDer,
  hasTag,
  objectId,
  octetString,
  sequence,
  taggedBytes,
} from './der.ts';
import type { Der } from './der.ts';

export interface SubjectAltName {
  /** `other`: a kind this project has no use for; its value is empty. */
  readonly type: 'uri' | 'dns' | 'ip' | 'email' | 'other';
  readonly value: string;
}

export const SUBJECT_ALT_NAME_OID = '2.5.29.17';

const EMAIL_TAG = 1;
const DNS_TAG = 2;
const URI_TAG = 6;
const IP_TAG = 7;

/** An IP literal, else a URI when it begins with `spiffe://`, else a DNS name. */
export function subjectAltName(text: string): SubjectAltName {
  if (isIP(text) !== 0) return { type: 'ip', value: text };
  return { type: text.startsWith('spiffe://') ? 'uri' : 'dns', value: text };
}

/** The extension, marked critical: our certificates have no subject name. */
export function subjectAltNameExtension(names: readonly SubjectAltName[]): Der {
  const value = encodeDer(sequence(...names.map(generalName)));
  return sequence(objectId(SUBJECT_ALT_NAME_OID), boolean(true), octetString(value));
}

function generalName({ type, value }: SubjectAltName): Der {
  if (type === 'ip') return taggedBytes(IP_TAG, Buffer.from(ipaddr.parse(value).toByteArray()));
  return taggedBytes(
    type === 'uri' ? URI_TAG : type === 'dns' ? DNS_TAG : EMAIL_TAG,
    Buffer.from(value, 'latin1'),
  );
}

/** @param names the GeneralNames sequence inside the extension */
export function parseGeneralNames(names: Der): SubjectAltName[] {
  return childrenOf(names).map(parseGeneralName);
}

function parseGeneralName(name: Der): SubjectAltName {
  if (hasTag(name, URI_TAG)) return { type: 'uri', value: bytesOf(name).toString('latin1') };
  if (hasTag(name, DNS_TAG)) return { type: 'dns', value: bytesOf(name).toString('latin1') };
  if (hasTag(name, EMAIL_TAG)) return { type: 'email', value: bytesOf(name).toString('latin1') };
  if (hasTag(name, IP_TAG)) return { type: 'ip', value: ipaddr.fromByteArray([...bytesOf(name)]).toString() };
  return { type: 'other', value: '' };
}
