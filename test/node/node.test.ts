import assert from 'node:assert/strict';

import { buildNode, type Node, type NodeInput } from '../../src/node/node.ts';
import { sidecarInput } from './inputs.ts';

function node(changes: Partial<NodeInput> = {}): Node {
  return buildNode(sidecarInput(changes), (message) => assert.fail(message));
}

describe('buildNode', () => {
  it('makes the metadata of a plain sidecar', () => {
    const { metadata, cluster, locality } = node();

    assert.equal(cluster, 'web.shop');
    assert.deepEqual(locality, {});
    assert.deepEqual(metadata, {
      ENVOY_PROMETHEUS_PORT: 15090,
      ENVOY_SKIP_DEPRECATED_LOGS: 'true',
      ENVOY_STATUS_PORT: 15021,
      INSTANCE_IPS: '10.0.0.7',
      ISTIO_VERSION: '1.31.0',
      LABELS: { app: 'web' },
      METADATA_DISCOVERY: 'false',
      NAME: 'web-6f7c',
      NAMESPACE: 'shop',
      PILOT_SAN: ['istiod.istio-system.svc'],
      PROXY_CONFIG: {
        configPath: './etc/istio/proxy',
        controlPlaneAuthPolicy: 'MUTUAL_TLS',
        discoveryAddress: 'istiod.istio-system.svc:15012',
        proxyAdminPort: 15000,
        serviceCluster: 'istio-proxy',
        statusPort: 15020,
      },
      SERVICE_ACCOUNT: 'web',
      WORKLOAD_IDENTITY_SOCKET_FILE: 'socket',
    });
  });

  it('passes raw entries through where the typed side is silent', () => {
    const { metadata } = node({
      environment: { ISTIO_META_UNKNOWN: 'kept', ISTIO_META_DNS_CAPTURE: 'false', ISTIO_META_HTTP10: '' },
    });

    assert.equal(metadata['UNKNOWN'], 'kept');
    assert.equal(metadata['DNS_CAPTURE'], 'false');
    assert.equal(metadata['HTTP10'], '');
  });

  it('keeps a raw key in its own case beside the typed field it sets', () => {
    const { metadata } = node({ environment: { ISTIO_META_mesh_id: 'a' } });

    assert.equal(metadata['MESH_ID'], 'a');
    assert.equal(metadata['mesh_id'], 'a');
  });

  it('spreads injected labels over the top level too', () => {
    const { metadata } = node({
      environment: { ISTIO_METAJSON_LABELS: '{"team":"x"}' },
      podLabels: undefined,
    });

    assert.deepEqual(metadata['LABELS'], { team: 'x' });
    assert.deepEqual(metadata['STATIC_LABELS'], { team: 'x' });
    assert.equal(metadata['team'], 'x');
  });

  it('overwrites what the agent knows better', () => {
    const { metadata } = node({
      environment: { ISTIO_META_NAMESPACE: 'wrong', ISTIO_META_ISTIO_VERSION: '1.30.2' },
      agentVersion: '0.1.0',
    });

    assert.equal(metadata['NAMESPACE'], 'shop');
    assert.equal(metadata['ISTIO_VERSION'], '1.30.2');
    assert.equal(metadata['AGENT_VERSION'], '0.1.0');
  });

  it('takes METADATA_DISCOVERY from HBONE unless it is set itself', () => {
    const environment = { ISTIO_META_ENABLE_HBONE: 'true', ISTIO_META_METADATA_DISCOVERY: 'false' };

    assert.equal(node({ environment }).metadata['METADATA_DISCOVERY'], 'true');
    assert.equal(node({ environment, peerMetadataDiscovery: false }).metadata['METADATA_DISCOVERY'], 'false');
  });

  it('adds annotations of the file to those of the environment', () => {
    const { metadata } = node({
      environment: { ISTIO_METAJSON_X: '{"ANNOTATIONS":{"a":"env","b":"env"}}' },
      podAnnotations: { b: 'file' },
    });

    assert.deepEqual(metadata['ANNOTATIONS'], { a: 'env', b: 'file' });
  });

  it('says which sockets are served by others', () => {
    const { metadata } = node({ credentialSocketExists: true, servesFilesOnly: true });

    assert.equal(metadata['credential'], 'true');
    assert.equal(metadata['file-credential'], 'true');
  });

  it('prefers the locality label over the platform', () => {
    const platform = { isKubernetes: true, metadata: {}, labels: {}, locality: { region: 'platform' } };

    assert.deepEqual(node({ platform }).locality, { region: 'platform' });
    assert.deepEqual(node({ platform, podLabels: { 'istio-locality': 'r.z' } }).locality, {
      region: 'r',
      zone: 'z',
    });
  });

  it('counts the labels of the cloud instance off Kubernetes only', () => {
    const platform = {
      isKubernetes: false,
      metadata: { gcp_project: 'p' },
      labels: { vm: '1' },
      locality: {},
    };

    const offKubernetes = node({ platform }).metadata;
    const onKubernetes = node({ platform: { ...platform, isKubernetes: true } }).metadata;

    assert.deepEqual(offKubernetes['STATIC_LABELS'], { vm: '1' });
    assert.deepEqual(offKubernetes['PLATFORM_METADATA'], { gcp_project: 'p' });
    assert.equal(onKubernetes['STATIC_LABELS'], undefined);
  });

  it('writes members in byte order, upper case first', () => {
    const { metadata } = node({ environment: { ISTIO_META_zzz: '1', ISTIO_META_AAA: '1' } });
    const keys = Object.keys(metadata);

    assert.equal(keys[0], 'AAA');
    assert.equal(keys.at(-1), 'zzz');
  });

  it('lists addresses once each', () => {
    const built = node({ instanceIps: ['10.0.0.7', '10.0.0.8', '10.0.0.7'] });

    assert.deepEqual(built.instanceIps, ['10.0.0.7', '10.0.0.8']);
    assert.equal(built.metadata['INSTANCE_IPS'], '10.0.0.7,10.0.0.8');
  });

  it('names variable and member when a flattened label breaks a typed field', () => {
    assert.throws(() => node({ environment: { ISTIO_METAJSON_LABELS: '{"labels":"x"}' } }), {
      message:
        'node metadata LABELS from member "labels" of ISTIO_METAJSON_LABELS: "x" is not an object of texts',
    });
  });

  it('fails for the wrong type of a field that the agent overwrites anyway', () => {
    assert.throws(() => node({ environment: { ISTIO_META_envoy_status_port: 'x' } }), {
      name: 'MetadataError',
      message: /^node metadata ENVOY_STATUS_PORT from ISTIO_META_envoy_status_port: "x" is not/,
    });
  });

  it('leaves out a list of ports without ports and lets its text through', () => {
    for (const text of ['[\n]', 'null']) {
      assert.equal(node({ environment: { ISTIO_META_POD_PORTS: text } }).metadata['POD_PORTS'], text);
    }
  });

  it('refuses a ProxyConfig nested deeper than Envoy reads', () => {
    let deep: object = {};
    for (let level = 0; level < 100; level += 1) deep = { deep };

    assert.throws(() => node({ proxyConfig: deep }), {
      name: 'MetadataError',
      message: 'ProxyConfig is nested deeper than Envoy reads: 97 levels',
    });
  });

  it('gives the same bytes for the same input', () => {
    const input = { environment: { ISTIO_META_B: '1', ISTIO_METAJSON_X: '{"z":{"b":1,"a":2}}' } };

    assert.equal(JSON.stringify(node(input)), JSON.stringify(node(input)));
    assert.equal(JSON.stringify(node(input).metadata['z']), '{"a":2,"b":1}');
  });
});
