import assert from 'node:assert/strict';

import type protobuf from 'protobufjs/light.js';

import { loadEnvoyApi, type EnvoyApi } from '../../src/proto/envoy-api.ts';
import { JsonMappingError } from '../../src/proto/json-mapping-error.ts';

const PREFIX = 'type.googleapis.com/';
const CLUSTER = `${PREFIX}envoy.config.cluster.v3.Cluster`;
const LISTENER = `${PREFIX}envoy.config.listener.v3.Listener`;
const TYPED_STRUCT = `${PREFIX}xds.type.v3.TypedStruct`;

describe('JsonEncoder', () => {
  let api: EnvoyApi;

  before(async () => {
    api = await loadEnvoyApi();
  });

  /** Encodes, decodes with protobufjs and gives the plain object. */
  function roundTrip(typeUrl: string, json: object): Record<string, unknown> {
    const any = api.encoder.encodeAny({ '@type': typeUrl, ...json });
    assert.equal(any.typeUrl, typeUrl);
    return decoded(typeUrl, any.value);
  }

  function decoded(typeUrl: string, bytes: Uint8Array): Record<string, unknown> {
    const type = api.root.lookupType(typeUrl.slice(PREFIX.length));
    const options: protobuf.IConversionOptions = { enums: String, longs: String, bytes: String };
    return type.toObject(type.decode(bytes), options);
  }

  function refusal(typeUrl: string, json: object): string {
    try {
      api.encoder.encodeAny({ '@type': typeUrl, ...json });
    } catch (error) {
      assert.ok(error instanceof JsonMappingError, String(error));
      return error.message;
    }
    assert.fail('nothing was refused');
  }

  it('takes field names as in the .proto files and in camel case', () => {
    const snake = roundTrip(CLUSTER, { name: 'a', connect_timeout: '1s', alt_stat_name: 'b' });
    const camel = roundTrip(CLUSTER, { name: 'a', connectTimeout: '1s', altStatName: 'b' });

    assert.deepEqual(camel, snake);
    assert.deepEqual(snake, {
      name: 'a',
      connect_timeout: { seconds: '1' },
      alt_stat_name: 'b',
    });
  });

  it('encodes enums by name and number, wrappers bare, durations with fractions', () => {
    const cluster = roundTrip(CLUSTER, {
      type: 'STRICT_DNS',
      lb_policy: 3,
      per_connection_buffer_limit_bytes: 32_768,
      dns_refresh_rate: '-1.000000250s',
    });

    assert.deepEqual(cluster, {
      type: 'STRICT_DNS',
      lb_policy: 'RANDOM',
      per_connection_buffer_limit_bytes: { value: 32_768 },
      dns_refresh_rate: { seconds: '-1', nanos: -250 },
    });
  });

  it('encodes an Any inside an Any', () => {
    const tcpProxy = {
      '@type': `${PREFIX}envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy`,
      stat_prefix: 'tcp',
      cluster: 'x',
      access_log: [
        {
          name: 'file',
          typed_config: {
            '@type': `${PREFIX}envoy.extensions.access_loggers.stream.v3.StdoutAccessLog`,
          },
        },
      ],
    };

    const any = api.encoder.encodeAny({
      '@type': LISTENER,
      filter_chains: [{ filters: [{ name: 'tcp', typed_config: tcpProxy }] }],
    });

    const type = api.root.lookupType('envoy.config.listener.v3.Listener');
    const listener = type.toObject(type.decode(any.value));
    const inner = listener.filter_chains[0].filters[0].typed_config;
    assert.equal(inner.type_url, tcpProxy['@type']);
    assert.equal(decoded(inner.type_url, inner.value).cluster, 'x');
  });

  it('encodes free JSON with nulls, lists and numbers', () => {
    const value = { text: 'a', none: null, list: [1, true], nested: { deep: 1.5 } };

    const struct = roundTrip(TYPED_STRUCT, { type_url: 't', value });

    assert.deepEqual(struct.value, {
      fields: {
        text: { stringValue: 'a' },
        none: { nullValue: 'NULL_VALUE' },
        list: { listValue: { values: [{ numberValue: 1 }, { boolValue: true }] } },
        nested: { structValue: { fields: { deep: { numberValue: 1.5 } } } },
      },
    });
  });

  it('reads a type with a JSON form of its own from "value" beside "@type"', () => {
    const any = api.encoder.encodeAny({ '@type': `${PREFIX}google.protobuf.Duration`, value: '2s' });

    assert.deepEqual(decoded(any.typeUrl, any.value), { seconds: '2' });
  });

  it('reads times, bytes and numbers beyond 2^53 from their texts', () => {
    const time = roundTrip(`${PREFIX}google.protobuf.Timestamp`, { value: '2026-01-31T12:00:00.5Z' });
    const bytes = roundTrip(`${PREFIX}google.protobuf.BytesValue`, { value: 'aGk_' });
    const long = roundTrip(`${PREFIX}google.protobuf.UInt64Value`, { value: '18446744073709551615' });

    assert.deepEqual(time, { seconds: '1769860800', nanos: 500_000_000 });
    assert.deepEqual(bytes, { value: 'aGk/' });
    assert.deepEqual(long, { value: '18446744073709551615' });
  });

  it('takes null for a field that is not set', () => {
    assert.deepEqual(roundTrip(CLUSTER, { name: 'a', connect_timeout: null }), { name: 'a' });
  });

  it('keeps a map key that names an object property of JavaScript', () => {
    const metadata = JSON.parse('{"filter_metadata": {"__proto__": {"a": 1}}}') as object;

    const bytes = api.encoder.encodeAny({ '@type': CLUSTER, metadata }).value;

    assert.ok(Buffer.from(bytes).includes('__proto__'));
  });

  const badCases: readonly { what: string; json: object; message: RegExp }[] = [
    {
      what: 'an unknown field, with its path and the API version',
      json: { load_assignment: { endpoints: [{}, { priorty: 1 }] } },
      message:
        /^load_assignment\.endpoints\[1\]\.priorty: unknown field of envoy\.config\.endpoint\.v3\.LocalityLbEndpoints \(the Envoy API of about version 1\.33\)$/,
    },
    {
      what: 'a field in both spellings',
      json: { connect_timeout: '1s', connectTimeout: '1s' },
      message: /^connectTimeout: connect_timeout is given twice$/,
    },
    {
      what: 'two members of a oneof',
      json: { type: 'EDS', cluster_type: { name: 'x' } },
      message: /^cluster_type: only one of cluster_discovery_type may be set; type is too$/,
    },
    {
      what: 'an enum member that does not exist',
      json: { type: 'STATC' },
      message: /^type: "STATC" is none of STATIC, STRICT_DNS/,
    },
    { what: 'a number for a string', json: { name: 5 }, message: /^name: expected a string, found 5$/ },
    {
      what: 'a string for a bool',
      json: { respect_dns_ttl: 'true' },
      message: /^respect_dns_ttl: expected true or false, found "true"$/,
    },
    {
      what: 'a number out of range',
      json: { per_connection_buffer_limit_bytes: 2 ** 32 },
      message: /^per_connection_buffer_limit_bytes: 4294967296 is not between 0 and 4294967295$/,
    },
    {
      what: 'a fraction for a whole number',
      json: { per_connection_buffer_limit_bytes: 1.5 },
      message: /expected a whole number, found 1.5/,
    },
    {
      what: 'a duration without unit',
      json: { connect_timeout: '1' },
      message: /^connect_timeout: expected a duration such as "1\.5s", found "1"$/,
    },
    {
      what: 'an object for a list',
      json: { filters: { name: 'x' } },
      message: /^filters: expected a list, found an object$/,
    },
    {
      what: 'an Any without type',
      json: { transport_socket: { name: 'x', typed_config: { a: 1 } } },
      message: /^transport_socket\.typed_config: the field "@type" is missing$/,
    },
    {
      what: 'an Any of an unknown type',
      json: { transport_socket: { typed_config: { '@type': `${PREFIX}envoy.Nothing` } } },
      message: /^transport_socket\.typed_config\["@type"\]: ".*Nothing" is no message type of the Envoy API/,
    },
    {
      what: 'bytes that are not Base64',
      json: { metadata: { typed_filter_metadata: { a: bytesValue('a b') } } },
      message: /^metadata\.typed_filter_metadata\.a\.value: expected Base64, found "a b"$/,
    },
  ];

  function bytesValue(value: string): object {
    return { '@type': `${PREFIX}google.protobuf.BytesValue`, value };
  }

  for (const { what, json, message } of badCases) {
    it(`refuses ${what}`, () => {
      assert.match(refusal(CLUSTER, json), message);
    });
  }
});
