// Requests and responses of both kinds as bytes, made by the real codecs, and read back.

import { loadMessages, type Any, type Status } from '../../src/proto/messages.ts';
import type { Kind } from '../../src/xds-proxy/envelopes.ts';

export const messages = loadMessages();

export interface RequestParts {
  readonly versionInfo?: string;
  readonly responseNonce?: string;
  readonly errorDetail?: Status;
}

interface ResponseParts {
  readonly version?: string;
  readonly nonce?: string;
  readonly values?: readonly Uint8Array[];
}

export function requestBytes(kind: Kind, typeUrl: string, parts: RequestParts = {}): Buffer {
  const { versionInfo = '', responseNonce = '', errorDetail } = parts;
  const common = { typeUrl, responseNonce, ...(errorDetail && { errorDetail }) };
  if (kind === 'sotw') return messages.discoveryRequest.encode({ ...common, versionInfo, resourceNames: [] });
  return messages.deltaDiscoveryRequest.encode({
    ...common,
    resourceNamesSubscribe: [],
    resourceNamesUnsubscribe: [],
    initialResourceVersions: {},
  });
}

export function responseBytes(kind: Kind, typeUrl: string, parts: ResponseParts = {}): Buffer {
  const { version = 'v1', nonce = 'n1', values = [Buffer.from('opaque')] } = parts;
  const packed = values.map((value): Any => ({ typeUrl, value }));
  if (kind === 'sotw') {
    return messages.discoveryResponse.encode({ versionInfo: version, resources: packed, typeUrl, nonce });
  }
  return messages.deltaDiscoveryResponse.encode({
    systemVersionInfo: version,
    resources: packed.map((resource) => ({ version: '', name: '', resource })),
    typeUrl,
    nonce,
    removedResources: [],
  });
}

export interface ReadRequest {
  readonly typeUrl: string;
  readonly responseNonce: string;
  /** Absent in delta. */
  readonly versionInfo?: string;
  readonly errorDetail?: Status | null;
}

export function decodeRequest(kind: Kind, bytes: Buffer): ReadRequest {
  return kind === 'sotw'
    ? messages.discoveryRequest.decode(bytes)
    : messages.deltaDiscoveryRequest.decode(bytes);
}
