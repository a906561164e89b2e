// The few fields of xDS requests and responses the proxy needs, read from and written to bytes. The resources
// inside stay bytes. State of the world and delta differ only in field numbers, which are tables here.

import protobuf from 'protobufjs/minimal.js';

import { scanFields } from './wire-scanner.ts';

/** The two forms of the protocol: state of the world, and incremental. Fixed by the method the client calls. */
export type Kind = 'sotw' | 'delta';

export interface RequestFacts {
  readonly typeUrl: string;
  /** Empty unless the request answers a response. */
  readonly responseNonce: string;
  /** Why the client refuses the response named by the nonce; undefined when it accepts. */
  readonly refusal: string | undefined;
}

export interface ResponseFacts {
  readonly typeUrl: string;
  readonly version: string;
  readonly nonce: string;
  readonly resourceCount: number;
  /** The packed message of the first resource, without copying; undefined when there is no resource. */
  readonly firstResource: Buffer | undefined;
}

interface RequestFields {
  /** Absent in delta: the client does not repeat the version. */
  readonly version?: number;
  readonly typeUrl: number;
  readonly nonce: number;
  readonly errorDetail: number;
}

/** @see envoy/service/discovery/v3/discovery.proto */
const REQUEST_FIELDS: Readonly<Record<Kind, RequestFields>> = {
  sotw: { version: 1, typeUrl: 4, nonce: 5, errorDetail: 6 },
  delta: { typeUrl: 2, nonce: 6, errorDetail: 7 },
};

/** `resource_names` in DiscoveryRequest, `resource_names_subscribe` in DeltaDiscoveryRequest. */
const REQUESTED_NAMES = 3;

/** The same in DiscoveryResponse and DeltaDiscoveryResponse. */
const RESPONSE_FIELDS = { version: 1, resources: 2, typeUrl: 4, nonce: 5 } as const;

const ANY_VALUE = 2;
const DELTA_RESOURCE_BODY = 2;
const STATUS_CODE = 1;
const STATUS_MESSAGE = 2;

/** google.rpc.Code INTERNAL, the code of every refusal the agent makes. */
const INTERNAL = 13;

/** @throws MalformedMessage */
export function readRequest(kind: Kind, bytes: Buffer): RequestFacts {
  const fields = REQUEST_FIELDS[kind];
  let typeUrl = '';
  let responseNonce = '';
  let errorDetail: Buffer | undefined;
  scanFields(bytes, (number, start, end) => {
    if (number === fields.typeUrl) typeUrl = bytes.toString('utf8', start, end);
    else if (number === fields.nonce) responseNonce = bytes.toString('utf8', start, end);
    else if (number === fields.errorDetail) errorDetail = bytes.subarray(start, end);
  });
  return {
    typeUrl,
    responseNonce,
    refusal: errorDetail && (lastField(errorDetail, STATUS_MESSAGE) ?? '').toString(),
  };
}

/** @throws MalformedMessage */
export function readResponse(kind: Kind, bytes: Buffer): ResponseFacts {
  let typeUrl = '';
  let version = '';
  let nonce = '';
  let resourceCount = 0;
  let first: Buffer | undefined;
  scanFields(bytes, (number, start, end) => {
    if (number === RESPONSE_FIELDS.resources) {
      if (resourceCount === 0) first = bytes.subarray(start, end);
      resourceCount++;
    } else if (number === RESPONSE_FIELDS.typeUrl) typeUrl = bytes.toString('utf8', start, end);
    else if (number === RESPONSE_FIELDS.version) version = bytes.toString('utf8', start, end);
    else if (number === RESPONSE_FIELDS.nonce) nonce = bytes.toString('utf8', start, end);
  });
  return { typeUrl, version, nonce, resourceCount, firstResource: first && unpack(kind, first) };
}

/**
 * A request of the agent's own. It names no node: the server remembers the one of the stream's first request.
 *
 * @param names of the resources asked for; none: everything of the type
 */
export function subscription(kind: Kind, typeUrl: string, names: readonly string[] = []): Buffer {
  const writer = protobuf.Writer.create();
  for (const name of names) writeString(writer, REQUESTED_NAMES, name);
  writeString(writer, REQUEST_FIELDS[kind].typeUrl, typeUrl);
  return Buffer.from(writer.finish());
}

/** Accepts a response, or refuses it when a reason is given. */
export function answer(kind: Kind, response: ResponseFacts, refusal?: string): Buffer {
  const fields = REQUEST_FIELDS[kind];
  const writer = protobuf.Writer.create();
  if (fields.version !== undefined) writeString(writer, fields.version, response.version);
  writeString(writer, fields.typeUrl, response.typeUrl);
  writeString(writer, fields.nonce, response.nonce);
  if (refusal !== undefined) {
    writer.uint32(lengthDelimitedTag(fields.errorDetail)).fork();
    writer.uint32(STATUS_CODE * 8).int32(INTERNAL);
    writeString(writer, STATUS_MESSAGE, refusal);
    writer.ldelim();
  }
  return Buffer.from(writer.finish());
}

/** The value of the Any in a resource; in delta a Resource message stands around it. */
function unpack(kind: Kind, resource: Buffer): Buffer {
  const empty = Buffer.alloc(0);
  const any = kind === 'delta' ? (lastField(resource, DELTA_RESOURCE_BODY) ?? empty) : resource;
  return lastField(any, ANY_VALUE) ?? empty;
}

function lastField(bytes: Buffer, wanted: number): Buffer | undefined {
  let value: Buffer | undefined;
  scanFields(bytes, (number, start, end) => {
    if (number === wanted) value = bytes.subarray(start, end);
  });
  return value;
}

/** An empty string is proto3's default and is left out. */
function writeString(writer: protobuf.Writer, number: number, value: string): void {
  if (value !== '') writer.uint32(lengthDelimitedTag(number)).string(value);
}

function lengthDelimitedTag(number: number): number {
  return number * 8 + 2;
}
