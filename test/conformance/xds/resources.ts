// The short names of types in scenarios, and responses with something of each type in them.

import assert from 'node:assert/strict';

import type { Kind } from '../../../src/xds-proxy/envelopes.ts';
import {
  BOOTSTRAP_TYPE,
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  EXTENSION_CONFIG_TYPE,
  HEALTH_TYPE,
  LISTENER_TYPE,
  NAME_TABLE_TYPE,
  PROXY_CONFIG_TYPE,
  ROUTE_TYPE,
  SECRET_TYPE,
} from '../../../src/xds/type-urls.ts';
import { messages, responseBytes } from '../../xds-proxy/messages.ts';

const TYPES: Readonly<Record<string, string>> = {
  BDS: BOOTSTRAP_TYPE,
  CDS: CLUSTER_TYPE,
  ECDS: EXTENSION_CONFIG_TYPE,
  EDS: ENDPOINT_TYPE,
  HDS: HEALTH_TYPE,
  LDS: LISTENER_TYPE,
  NDS: NAME_TABLE_TYPE,
  PCDS: PROXY_CONFIG_TYPE,
  RDS: ROUTE_TYPE,
  SDS: SECRET_TYPE,
  WADS: 'type.googleapis.com/istio.security.Authorization',
  WDS: 'type.googleapis.com/istio.workload.Workload',
};

export const MIB = 1024 * 1024;

export function typeUrlOf(short: string): string {
  return (Object.hasOwn(TYPES, short) ? TYPES[short] : undefined) ?? assert.fail(`no rule for type ${short}`);
}

const OPAQUE = Buffer.from('opaque');
/** A field whose length runs past the end. */
const BROKEN = Buffer.from([0x0a, 0x7f]);

export interface ResponseWords {
  readonly type: string;
  readonly nonce?: string | undefined;
  readonly version?: string | undefined;
  readonly resources: 'good' | 'broken' | 'none';
  /** The one in a name table. */
  readonly host?: string;
}

/** One resource that the agent, or nobody, can read; or none. */
export function response(
  kind: Kind,
  { type, nonce, version, resources, host = 'web' }: ResponseWords,
): Buffer {
  const parts = {
    ...(nonce !== undefined && { nonce }),
    ...(version !== undefined && { version }),
  };
  const values = { good: [goodResource(type, host)], broken: [BROKEN], none: [] }[resources];
  return responseBytes(kind, typeUrlOf(type), { ...parts, values });
}

/** Of this size and a little more. Messages in a row are one message, with the resources of all. */
export function largeResponse(kind: Kind, type: string, sizeBytes: number, nonce = 'large'): Buffer {
  const values = [Buffer.alloc(MIB, nonce)];
  const part = responseBytes(kind, typeUrlOf(type), { nonce, version: nonce, values });
  return Buffer.concat(Array.from({ length: Math.ceil(sizeBytes / MIB) }, () => part));
}

function goodResource(type: string, host: string): Buffer {
  if (type === 'PCDS') return messages.proxyConfig.encode({ caCertificatesPem: [] });
  if (type !== 'NDS') return OPAQUE;
  const info = {
    ips: ['10.0.0.1'],
    registry: 'Kubernetes',
    shortname: 'web',
    namespace: 'shop',
    altHosts: [],
  };
  return messages.nameTable.encode({ table: { [host]: info } });
}
