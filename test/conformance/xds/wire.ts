// `wire-vectors.json`: bytes through the proxy's readers of the few fields it needs, and through the codecs of the other
// servers for the rest. What the agent says itself is also made, and read back.

import assert from 'node:assert/strict';

import { PackedNameTable } from '../../../src/dns/names/packed-name-table.ts';
import { loadMessages, type Messages } from '../../../src/proto/messages.ts';
import {
  answer,
  readRequest,
  readResponse,
  subscription,
  type Kind,
} from '../../../src/xds-proxy/envelopes.ts';
import { MalformedMessage } from '../../../src/xds-proxy/wire-scanner.ts';
import type { ConformanceCase, OmittedCase } from '../case.ts';
import { assertKnown } from './vocabulary.ts';

interface Vector {
  readonly id: string;
  readonly name: string;
  readonly message: string;
  readonly hex: string;
  /** Null for bytes that are no message. */
  readonly json: Fields | null;
  readonly error?: 'malformed';
  /** Rejecting is right too. */
  readonly lenient?: boolean;
  readonly compare?: string;
}

interface Fields {
  readonly typeUrl?: string;
  readonly versionInfo?: string;
  readonly systemVersionInfo?: string;
  readonly responseNonce?: string;
  readonly nonce?: string;
  readonly resourceCount?: number;
  readonly node?: { readonly id: string };
  readonly errorDetail?: { readonly code: number; readonly message: string };
  readonly table?: Readonly<Record<string, object>>;
  readonly caCertificatesPem?: readonly string[];
}

type Check = (bytes: Buffer, json: Fields) => void;

/** By message; an absent one has no rule. */
const CHECKS: Readonly<Record<string, Check>> = {
  DiscoveryRequest: (bytes, json) => checkRequest('sotw', bytes, json),
  DeltaDiscoveryRequest: (bytes, json) => checkRequest('delta', bytes, json),
  DiscoveryResponse: (bytes, json) => checkResponse('sotw', bytes, json),
  DeltaDiscoveryResponse: (bytes, json) => checkResponse('delta', bytes, json),
  NameTable: (bytes, { table }) => assert.deepEqual(spokenTable(bytes), table),
  ProxyConfig: (bytes, { caCertificatesPem }) =>
    assert.deepEqual(loadMessages().proxyConfig.decode(bytes).caCertificatesPem, caCertificatesPem),
};

const EXTENSION_CONFIG = 'Any<TypedExtensionConfig>';

/** What is made is always compared by what it says: `compare` asks for no more. */
const KNOWN = ['id', 'name', 'message', 'hex', 'json', 'error', 'lenient', 'compare', 'note'];

export function* wireCases(vectors: readonly Vector[]): Iterable<ConformanceCase | OmittedCase> {
  for (const vector of vectors) {
    const name = `${vector.id} ${vector.name}`;
    if (vector.message === EXTENSION_CONFIG) {
      yield { name: vector.id, omitted: 'Wasm modules are not replaced by local files' };
    } else yield { name, run: async () => check(vector) };
  }
}

function check(vector: Vector): void {
  assertKnown(vector, KNOWN);
  assert.equal(vector.compare ?? 'semantic', 'semantic');
  const bytes = Buffer.from(vector.hex, 'hex');
  const run = CHECKS[vector.message] ?? assert.fail(`no rule for ${vector.message}`);
  const { json, error, lenient = false } = vector;
  if (error !== undefined || json === null) {
    assert.equal(error, 'malformed');
    assert.throws(() => run(bytes, {}), MalformedMessage);
    return;
  }
  try {
    run(bytes, json);
  } catch (thrown) {
    if (!lenient || !(thrown instanceof MalformedMessage)) throw thrown;
  }
}

function checkRequest(kind: Kind, bytes: Buffer, json: Fields): void {
  const { typeUrl = '', responseNonce = '', errorDetail } = json;
  const facts = { typeUrl, responseNonce, refusal: errorDetail?.message };
  const { refusal, ...read } = readRequest(kind, bytes);
  assert.deepEqual({ typeUrl: read.typeUrl, responseNonce: read.responseNonce, refusal }, facts);
  assert.deepEqual(spokenRequest(kind, bytes), json);
  if (json.node === undefined && typeUrl !== '') {
    assert.deepEqual(spokenRequest(kind, ownRequest(kind, json)), json, 'made by the agent');
  }
}

/** The request as the agent says it itself. Reports of health have the shape of a refusal, but nobody makes them. */
function ownRequest(kind: Kind, { typeUrl = '', versionInfo = '', responseNonce = '', errorDetail }: Fields) {
  if (responseNonce === '' && errorDetail === undefined) return subscription(kind, typeUrl);
  const response = { typeUrl, version: versionInfo, nonce: responseNonce };
  return answer(kind, { ...response, resourceCount: 0, firstResource: undefined }, errorDetail?.message);
}

function spokenRequest(kind: Kind, bytes: Buffer): object {
  const messages = loadMessages();
  const request = requestCodec(kind, messages).decode(bytes);
  const { node, errorDetail, ...texts } = request as unknown as Fields;
  return withoutDefaults({
    typeUrl: texts.typeUrl,
    versionInfo: texts.versionInfo,
    responseNonce: texts.responseNonce,
    node: node && { id: node.id },
    errorDetail: errorDetail && { code: errorDetail.code, message: errorDetail.message },
  });
}

function requestCodec(kind: Kind, messages: Messages): { decode(bytes: Uint8Array): object } {
  return kind === 'sotw' ? messages.discoveryRequest : messages.deltaDiscoveryRequest;
}

function checkResponse(kind: Kind, bytes: Buffer, json: Fields): void {
  const { typeUrl, version, nonce, resourceCount } = readResponse(kind, bytes);
  const versionName = kind === 'sotw' ? 'versionInfo' : 'systemVersionInfo';
  const read = withoutDefaults({ typeUrl, [versionName]: version, nonce, resourceCount });
  assert.deepEqual(read, withoutDefaults({ ...json }));
}

function spokenTable(bytes: Buffer): object {
  const table = new PackedNameTable(bytes);
  const hosts = Array.from({ length: table.count }, (_, number) => table.at(number));
  return Object.fromEntries(hosts.map(({ name, info }) => [name, withoutDefaults(info)]));
}

function withoutDefaults(fields: object): object {
  const isSaid = (value: unknown): boolean => {
    const isEmpty = Array.isArray(value) && value.length === 0;
    return value !== '' && value !== 0 && value !== null && value !== undefined && !isEmpty;
  };
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => isSaid(value)));
}
