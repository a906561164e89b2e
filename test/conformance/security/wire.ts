// `wire-vectors.json`: messages through the product's codecs in both directions, and secrets through what makes them.

import assert from 'node:assert/strict';

import { loadMessages, type Codec, type Messages } from '../../../src/proto/messages.ts';
import { secretResource, type KeyProvider } from '../../../src/sds/secret-resource.ts';
import type { SecretItem } from '../../../src/security/secret-item.ts';
import type { ConformanceCase } from '../case.ts';

interface Vector {
  readonly name: string;
  readonly message: string;
  readonly json: JsonMessage;
  readonly hex: string;
}

type JsonMessage = { readonly [field: string]: unknown };

const PROVIDERS = 'envoy.extensions.private_key_providers';
const SECRET = 'envoy.extensions.transport_sockets.tls.v3.Secret';

const CODECS: Readonly<Record<string, keyof Messages>> = {
  'istio.v1.auth.IstioCertificateRequest': 'certificateRequest',
  'istio.v1.auth.IstioCertificateResponse': 'certificateResponse',
  'envoy.service.discovery.v3.DiscoveryRequest': 'discoveryRequest',
  'envoy.service.discovery.v3.DiscoveryResponse': 'discoveryResponse',
  'envoy.service.discovery.v3.DeltaDiscoveryRequest': 'deltaDiscoveryRequest',
  'envoy.service.discovery.v3.DeltaDiscoveryResponse': 'deltaDiscoveryResponse',
  [SECRET]: 'secret',
  [`${PROVIDERS}.cryptomb.v3alpha.CryptoMbPrivateKeyMethodConfig`]: 'privateKeyMethodConfig',
  [`${PROVIDERS}.qat.v3alpha.QatPrivateKeyMethodConfig`]: 'privateKeyMethodConfig',
  'istio.networking.nds.v1.NameTable': 'nameTable',
};

export function* wireCases(data: unknown): Iterable<ConformanceCase> {
  const messages = loadMessages();
  for (const vector of (data as { vectors: readonly Vector[] }).vectors) {
    yield { name: `wire: ${vector.name}`, run: async () => checkCodec(vector, messages) };
    if (vector.message !== SECRET) continue;
    yield { name: `wire: ${vector.name} as it is served`, run: async () => checkServed(vector, messages) };
  }
}

function checkCodec({ message, json, hex }: Vector, messages: Messages): void {
  const name = CODECS[message] ?? assert.fail(`no codec for ${message}`);
  const codec = messages[name] as Codec<unknown>;
  const value = fromJson(json);
  assert.equal(codec.encode(value).toString('hex'), hex);
  assert.deepEqual(spoken(codec.decode(Buffer.from(hex, 'hex'))), spoken(value));
}

/** Keys of a map are data. */
const MAPS = new Set(['fields', 'table', 'initial_resource_versions']);

function fromJson(value: unknown, field = ''): unknown {
  if (Array.isArray(value)) return value.map((each) => fromJson(each, field));
  if (typeof value === 'string' && isBytes(field)) return Buffer.from(value, 'base64');
  if (typeof value !== 'object' || value === null) return value;
  const isAny = 'type_url' in value && 'value' in value;
  const entries = Object.entries(value).map(([key, each]) => [
    MAPS.has(field) ? key : camel(key),
    fromJson(each, isAny && key === 'value' ? 'inline_bytes' : key),
  ]);
  return Object.fromEntries(entries);
}

function isBytes(field: string): boolean {
  return field === 'inline_bytes';
}

function camel(name: string): string {
  return name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase());
}

/** What a message says: fields at their defaults are left out, bytes are text. */
function spoken(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(spoken);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, each]) => [key, spoken(each)] as const);
  return Object.fromEntries(entries.filter(([, each]) => !isDefault(each)));
}

function isDefault(value: unknown): boolean {
  if (value === null || value === '' || value === 0 || value === false) return true;
  return Array.isArray(value) && value.length === 0;
}

function checkServed({ json, hex }: Vector, messages: Messages): void {
  const secret = fromJson(json) as ReturnType<Messages['secret']['decode']>;
  const { typeUrl, value } = secretResource(itemOf(secret, messages), messages, providerOf(secret, messages));
  assert.equal(typeUrl, `type.googleapis.com/${SECRET}`);
  assert.equal(Buffer.from(value).toString('hex'), hex);
}

type Secret = ReturnType<Messages['secret']['decode']>;

function itemOf({ name, tlsCertificate, validationContext }: Secret, messages: Messages): SecretItem {
  if (validationContext) {
    const crlPath = validationContext.crl?.filename;
    const crl = crlPath === undefined ? {} : { crlPath };
    return { kind: 'trust', name, rootPem: textOf(validationContext.trustedCa), ...crl };
  }
  const provider = tlsCertificate?.privateKeyProvider?.typedConfig.value;
  const key = provider
    ? messages.privateKeyMethodConfig.decode(provider).privateKey
    : tlsCertificate?.privateKey;
  const certificateChainPem = textOf(tlsCertificate?.certificateChain);
  return { kind: 'certificate', name, certificateChainPem, privateKeyPem: textOf(key) };
}

function textOf(source: { inlineBytes?: Uint8Array } | null | undefined): string {
  return Buffer.from(source?.inlineBytes ?? assert.fail('no bytes inline')).toString();
}

function providerOf({ tlsCertificate }: Secret, messages: Messages): KeyProvider | undefined {
  const provider = tlsCertificate?.privateKeyProvider;
  if (!provider) return undefined;
  const { pollDelay } = messages.privateKeyMethodConfig.decode(provider.typedConfig.value);
  return {
    name: provider.providerName as KeyProvider['name'],
    pollDelay: { seconds: pollDelay.seconds ?? 0, nanos: pollDelay.nanos ?? 0 },
    fallback: provider.fallback ?? false,
  };
}
