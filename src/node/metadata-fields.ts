// The typed fields of node metadata: a row per field the control plane and this agent know, and the reading and
// writing of all rows. Raw entries without a row pass through untouched, in node.ts.
// Upstream: pkg/model/proxy.go BootstrapNodeMetadata, NodeMetadata.

import { excerpt } from '../runtime/excerpt.ts';
import { byteOrder, type Json } from '../runtime/json.ts';
import {
  boolean,
  commaList,
  integer,
  object,
  podPorts,
  shownBoolean,
  text,
  textList,
  textMap,
  type Codec,
} from './metadata-codecs.ts';
import { MetadataError } from './metadata-error.ts';
import type { RawEntry, RawMetadata } from './raw-metadata.ts';

const FIELDS = {
  ANNOTATIONS: textMap,
  APP_CONTAINERS: text,
  AUTO_REGISTER_GROUP: text,
  BASE: text,
  CLOUDRUN_ADDR: text,
  CLUSTER_ID: text,
  DISABLE_HBONE_SEND: boolean,
  DNS_AUTO_ALLOCATE: boolean,
  DNS_CAPTURE: boolean,
  DNS_PROXY_ADDR: text,
  ENABLE_HBONE: boolean,
  ENABLE_SELF_DISCOVERY: boolean,
  ENVOY_PROMETHEUS_PORT: integer,
  ENVOY_SECURE_MERGED_METRICS_PORT: integer,
  ENVOY_SECURE_METRICS_PORT: integer,
  ENVOY_SKIP_DEPRECATED_LOGS: boolean,
  ENVOY_STATUS_PORT: integer,
  EXIT_ON_ZERO_ACTIVE_CONNECTIONS: boolean,
  GENERATOR: text,
  HTTP10: text,
  HTTP_PROXY_PORT: text,
  IDLE_TIMEOUT: text,
  INBOUND_LISTENER_EXACT_BALANCE: boolean,
  INSTANCE_IPS: commaList,
  INTERCEPTION_MODE: text,
  ISTIO_PROXY_SHA: text,
  ISTIO_REVISION: text,
  ISTIO_VERSION: text,
  LABELS: textMap,
  MESH_ID: text,
  METADATA_DISCOVERY: shownBoolean,
  NAME: text,
  NAMESPACE: text,
  NETWORK: text,
  NODE_NAME: text,
  OUTBOUND_LISTENER_EXACT_BALANCE: boolean,
  OUTLIER_LOG_PATH: text,
  OWNER: text,
  PILOT_SAN: textList,
  PLATFORM_METADATA: textMap,
  POD_PORTS: podPorts,
  PROXY_CONFIG: object,
  REQUESTED_NETWORK_VIEW: commaList,
  SERVICE_ACCOUNT: text,
  STATIC_LABELS: textMap,
  STS_PORT: text,
  TLS_CLIENT_CERT_CHAIN: text,
  TLS_CLIENT_KEY: text,
  TLS_CLIENT_ROOT_CERT: text,
  TLS_SERVER_CERT_CHAIN: text,
  TLS_SERVER_KEY: text,
  TLS_SERVER_ROOT_CERT: text,
  UNPRIVILEGED_POD: text,
  WORKLOAD_ENTRY: text,
  WORKLOAD_IDENTITY_SOCKET_FILE: text,
  WORKLOAD_NAME: text,
};

type FieldName = keyof typeof FIELDS;

/** Every field with a value; one that was never set has its blank: empty text, 0, false, empty list or object. */
export type TypedMetadata = {
  readonly [Name in FieldName]: (typeof FIELDS)[Name] extends Codec<infer T> ? T : never;
};

/**
 * Gives the raw entries types. Names match without regard to case, and of several spellings of one field the last in
 * byte order wins, as Go's decoder does it. A null leaves the field as it is.
 *
 * @throws MetadataError naming the field, the variable and what the field expects
 */
export function decodeMetadata(raw: RawMetadata): TypedMetadata {
  const typed = new Map<string, unknown>(entriesOfFields().map(([name, codec]) => [name, codec.blank]));
  for (const key of [...raw.keys()].sort(byteOrder)) {
    const name = fieldNamed(key);
    const entry = raw.get(key);
    if (name === undefined || entry === undefined || entry.value === null) continue;
    typed.set(name, decodeField(name, entry));
  }
  return Object.fromEntries(typed) as TypedMetadata;
}

/** The fields that have something to say, as JSON. */
export function encodeMetadata(typed: TypedMetadata): Map<string, Json> {
  const encoded = entriesOfFields().map(([name, codec]) => [name, codec.write(typed[name])] as const);
  return new Map(encoded.filter((entry): entry is [FieldName, Json] => entry[1] !== undefined));
}

function decodeField(name: FieldName, { value, source }: RawEntry): unknown {
  const { expects, read } = FIELDS[name] as Codec<unknown>;
  const decoded = read(value);
  if (decoded !== undefined) return decoded;
  const shown = excerpt(JSON.stringify(value), 80);
  throw new MetadataError(`node metadata ${name} from ${source}: ${shown} is not ${expects}`);
}

function entriesOfFields(): [FieldName, Codec<unknown>][] {
  return Object.entries(FIELDS) as [FieldName, Codec<unknown>][];
}

function fieldNamed(key: string): FieldName | undefined {
  const name = folded(key);
  return Object.hasOwn(FIELDS, name) ? (name as FieldName) : undefined;
}

/** Go's folding in encoding/json: ASCII letters, and the two other letters of Unicode that fold to one. */
function folded(key: string): string {
  return key
    .replace(/[a-z]/g, (letter) => letter.toUpperCase())
    .replaceAll('ſ', 'S')
    .replaceAll('\u212a', 'K');
}
