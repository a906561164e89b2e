// A response of the control plane as JSON for people: that of a delta stream in the form of the other, as whoever asks
// need not know which kind Envoy uses.

import { isUtf8 } from 'node:buffer';

import type { Any, Messages } from '../proto/messages.ts';
import type { DebugAnswer } from './proxy.ts';

/** @throws Error when the bytes are no response */
export function debugAnswerJson(answer: DebugAnswer, messages: Messages): string {
  const { versionInfo, resources, typeUrl, nonce } = decoded(answer, messages);
  const parts = { versionInfo, resources: resources.map(readable), typeUrl, nonce };
  const given = Object.entries(parts).filter(([, value]) => value.length > 0); // as protobuf's JSON does
  return `${JSON.stringify(Object.fromEntries(given), undefined, 2)}\n`;
}

interface Decoded {
  readonly versionInfo: string;
  readonly resources: readonly Any[];
  readonly typeUrl: string;
  readonly nonce: string;
}

function decoded({ kind, bytes }: DebugAnswer, messages: Messages): Decoded {
  if (kind === 'sotw') return messages.discoveryResponse.decode(bytes);
  const { systemVersionInfo, resources, typeUrl, nonce } = messages.deltaDiscoveryResponse.decode(bytes);
  const packed = resources.flatMap(({ resource }) => (resource ? [resource] : []));
  return { versionInfo: systemVersionInfo, resources: packed, typeUrl, nonce };
}

/** Control characters that no text of several lines has. */
const UNPRINTABLE = /[^\P{Cc}\t\n\r]/u;

function readable({ typeUrl, value }: Any): object {
  const bytes = Buffer.from(value);
  const text = bytes.toString('utf8');
  const isText = isUtf8(bytes) && !UNPRINTABLE.test(text);
  return { '@type': typeUrl, ...(isText ? { value: text } : { valueBase64: bytes.toString('base64') }) };
}
