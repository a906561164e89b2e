// Metadata of upstream calls: who is calling (token, cluster), and headers the user adds by CA_HEADER_* and
// XDS_HEADER_*. A header that HTTP/2 or gRPC cannot carry is left out, never a reason to fail a call.

import { Metadata } from '@grpc/grpc-js';

import type { Log } from '../../runtime/log.ts';

export type Headers = Readonly<Record<string, string>>;

/** Set by this file, by gRPC or by HTTP/2. */
const RESERVED = new Set([
  'authorization',
  'clusterid',
  'connection',
  'content-type',
  'host',
  'te',
  'transfer-encoding',
  'user-agent',
]);
const NAME = /^[0-9a-z_.-]+$/;
const VALUE = /^[\x20-\x7e]*$/;

/** The usable ones, names in lower case. Each other one is warned about by name; values are never shown. */
export function usableHeaders(headers: Headers, log: Log): Headers {
  const usable: Record<string, string> = {};
  for (const [given, value] of Object.entries(headers)) {
    const name = given.toLowerCase();
    const problem = problemOf(name, value);
    if (problem === undefined) usable[name] = value;
    else log.warn(`skip header ${JSON.stringify(given)}: ${problem}`);
  }
  return usable;
}

function problemOf(name: string, value: string): string | undefined {
  if (!NAME.test(name)) return 'the name has characters that are not allowed';
  if (RESERVED.has(name) || name.startsWith('grpc-')) return 'the name is reserved';
  if (name.endsWith('-bin')) return 'binary headers cannot be given as text';
  return VALUE.test(value) ? undefined : 'the value has characters that are not allowed';
}

/** The cluster's id if a header can carry it; else, with a warning, none. */
export function usableClusterId(clusterId: string, log: Log): string {
  if (VALUE.test(clusterId)) return clusterId;
  log.warn('ISTIO_META_CLUSTER_ID is sent as empty: it has characters that are not allowed');
  return '';
}

/** @param clusterId usable; sent even when empty */
export function callMetadata(token: string | undefined, clusterId: string, headers: Headers): Metadata {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  metadata.set('clusterid', clusterId);
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return metadata;
}
