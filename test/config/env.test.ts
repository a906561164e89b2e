import assert from 'node:assert/strict';

import { envRows, readEnvironment, rejectionText, withPrefix } from '../../src/config/env.ts';

describe('readEnvironment', () => {
  it('gives every default when nothing is set', () => {
    const { values, rejections } = readEnvironment({});

    assert.deepEqual(rejections, []);
    assert.equal(values.trustDomain, 'cluster.local');
    assert.equal(values.secretTtlMs, 86_400_000);
    assert.equal(values.graceRatio, 0.5);
    assert.equal(values.envoyStatusPort, 15_021);
    assert.equal(values.deltaXds, true);
    assert.equal(values.restartPolicy, 'on-failure');
    assert.equal(values.grpcBootstrapPath, 'etc/istio/proxy/grpc-bootstrap.json');
    assert.equal(values.peerMetadataDiscovery, undefined);
  });

  it('reads a value with the parser of its row', () => {
    const { values } = readEnvironment({
      SECRET_TTL: '90m',
      ISTIO_DELTA_XDS: 'F',
      ISTIO_GPRC_MAXSTREAMS: '7',
      PEER_METADATA_DISCOVERY: 'false',
      WASM_INSECURE_REGISTRIES: 'a,b',
    });

    assert.equal(values.secretTtlMs, 5_400_000);
    assert.equal(values.deltaXds, false);
    assert.equal(values.maxStreams, 7);
    assert.equal(values.peerMetadataDiscovery, false);
    assert.deepEqual(values.wasmInsecureRegistries, ['a', 'b']);
  });

  it('takes a text that is set but empty as empty, not as the default', () => {
    assert.equal(readEnvironment({ TRUST_DOMAIN: '' }).values.trustDomain, '');
  });

  it('rejects a bad value with variable, text, expectation and default, and uses the default', () => {
    const { values, rejections } = readEnvironment({ ISTIO_DELTA_XDS: 'maybe', SECRET_TTL: '5' });

    assert.equal(values.deltaXds, true);
    assert.equal(values.secretTtlMs, 86_400_000);
    assert.deepEqual(rejections, [
      { name: 'SECRET_TTL', text: '5', expecting: 'a duration', used: '24h0m0s' },
      { name: 'ISTIO_DELTA_XDS', text: 'maybe', expecting: 'true/false', used: 'true' },
    ]);
  });

  it('treats an empty bool, int or duration as a bad value', () => {
    const names = ['DISABLE_ENVOY', 'ENVOY_STATUS_PORT', 'DNS_FORWARD_TIMEOUT'];

    const { rejections } = readEnvironment(Object.fromEntries(names.map((name) => [name, ''])));

    assert.equal(rejections.length, 3);
  });

  it('has each variable once', () => {
    const names = Object.values(envRows).map((row) => row.name);

    assert.deepEqual(
      names.filter((name, index) => names.indexOf(name) !== index),
      [],
    );
  });
});

describe('rejectionText', () => {
  it("says it in upstream's words and names the variable", () => {
    const rejection = { name: 'PKCS8_KEY', text: 'maybe', expecting: 'true/false', used: 'false' };

    assert.equal(
      rejectionText(rejection),
      'Invalid environment variable value `maybe`, expecting true/false, defaulting to false (PKCS8_KEY)',
    );
  });
});

describe('withPrefix', () => {
  it('collects variables without their prefix, keeping case and every equals sign', () => {
    const environment = {
      CA_HEADER_FOO: 'foo',
      XDS_HEADER_bar: 'bar',
      CA_HEADER_BAZ: '=baz',
      CA_HEADERX: 'no',
    };

    assert.deepEqual(withPrefix(environment, 'CA_HEADER_'), { FOO: 'foo', BAZ: '=baz' });
    assert.deepEqual(withPrefix(environment, 'XDS_HEADER_'), { bar: 'bar' });
  });
});
