// The messages of agent.proto as typed codecs. Nothing is loaded before loadMessages() is called; its caller owns
// the result and hands it on. Regenerate agent.json with `npm run proto` after a change of the .proto file.

import protobuf from 'protobufjs/light.js';

import descriptor from './agent.json' with { type: 'json' };

/** Bytes to object and back. Decoding gives every field: scalars and lists with their default, absent messages null. */
export interface Codec<T> {
  /** @throws TypeError when a field has a value of another type */
  encode(value: T): Buffer;
  /** @throws Error when the bytes are not such a message */
  decode(bytes: Uint8Array): T;
}

export interface Any {
  typeUrl: string;
  value: Uint8Array;
}

export interface Status {
  code: number;
  message: string;
}

export interface Struct {
  fields: Record<string, Value>;
}

/** Exactly one member is set; decoding leaves the others out. */
export interface Value {
  nullValue?: number;
  numberValue?: number;
  stringValue?: string;
  boolValue?: boolean;
  structValue?: Struct;
  listValue?: { values: Value[] };
}

export interface Node {
  id: string;
  cluster: string;
  metadata?: Struct | null;
}

export interface CertificateRequest {
  csr: string;
  /** Seconds. */
  validityDuration: number;
  metadata?: Struct | null;
}

export interface CertificateResponse {
  /** PEM, leaf first, root last. */
  certChain: string[];
}

export interface DiscoveryRequest {
  versionInfo: string;
  node?: Node | null;
  resourceNames: string[];
  typeUrl: string;
  responseNonce: string;
  errorDetail?: Status | null;
}

export interface DiscoveryResponse {
  versionInfo: string;
  resources: Any[];
  typeUrl: string;
  nonce: string;
}

export interface DeltaDiscoveryRequest {
  node?: Node | null;
  typeUrl: string;
  resourceNamesSubscribe: string[];
  resourceNamesUnsubscribe: string[];
  initialResourceVersions: Record<string, string>;
  responseNonce: string;
  errorDetail?: Status | null;
}

export interface Resource {
  version: string;
  resource?: Any | null;
  name: string;
}

export interface DeltaDiscoveryResponse {
  systemVersionInfo: string;
  resources: Resource[];
  typeUrl: string;
  nonce: string;
  removedResources: string[];
}

/** Exactly one member is set; decoding leaves the others out. */
export interface DataSource {
  filename?: string;
  inlineBytes?: Uint8Array;
  inlineString?: string;
}

export interface TlsCertificate {
  certificateChain: DataSource;
  /** Absent with a provider, which has it. */
  privateKey?: DataSource | null;
  privateKeyProvider?: PrivateKeyProvider | null;
}

export interface PrivateKeyProvider {
  providerName: string;
  typedConfig: Any;
  fallback?: boolean;
}

export interface PrivateKeyMethodConfig {
  privateKey: DataSource;
  pollDelay: { seconds?: number; nanos?: number };
}

export interface Secret {
  name: string;
  tlsCertificate?: TlsCertificate;
  validationContext?: { trustedCa: DataSource; crl?: DataSource | null };
}

export interface NameInfo {
  ips: string[];
  registry: string;
  shortname: string;
  namespace: string;
  altHosts: string[];
}

export interface NameTable {
  table: Record<string, NameInfo>;
}

export interface ProxyConfig {
  caCertificatesPem: string[];
}

export interface Messages {
  readonly certificateRequest: Codec<CertificateRequest>;
  readonly certificateResponse: Codec<CertificateResponse>;
  readonly discoveryRequest: Codec<DiscoveryRequest>;
  readonly discoveryResponse: Codec<DiscoveryResponse>;
  readonly deltaDiscoveryRequest: Codec<DeltaDiscoveryRequest>;
  readonly deltaDiscoveryResponse: Codec<DeltaDiscoveryResponse>;
  readonly secret: Codec<Secret>;
  readonly privateKeyMethodConfig: Codec<PrivateKeyMethodConfig>;
  readonly nameTable: Codec<NameTable>;
  readonly proxyConfig: Codec<ProxyConfig>;
}

/** Gives the codecs once this module is loaded, so that what needs none yet need not wait for it. */
export type MessagesLoader = () => Promise<Messages>;

export function loadMessages(): Messages {
  const root = protobuf.Root.fromJSON(descriptor);
  const codec = <T extends object>(name: string): Codec<T> => codecOf(root.lookupType(`sidecar.${name}`));
  return {
    certificateRequest: codec('IstioCertificateRequest'),
    certificateResponse: codec('IstioCertificateResponse'),
    discoveryRequest: codec('DiscoveryRequest'),
    discoveryResponse: codec('DiscoveryResponse'),
    deltaDiscoveryRequest: codec('DeltaDiscoveryRequest'),
    deltaDiscoveryResponse: codec('DeltaDiscoveryResponse'),
    secret: codec('Secret'),
    privateKeyMethodConfig: codec('PrivateKeyMethodConfig'),
    nameTable: codec('NameTable'),
    proxyConfig: codec('ProxyConfig'),
  };
}

function codecOf<T extends object>(type: protobuf.Type): Codec<T> {
  return {
    encode(value) {
      const problem = type.verify(value);
      if (problem !== null) throw new TypeError(`${type.name}: ${problem}`);
      return Buffer.from(type.encode(type.fromObject(value)).finish());
    },
    decode(bytes) {
      const message = type.decode(bytes);
      // The descriptor names the fields, the interfaces above repeat them: the one place where the two meet.
      return type.toObject(message, { defaults: true, longs: Number }) as T;
    },
  };
}
