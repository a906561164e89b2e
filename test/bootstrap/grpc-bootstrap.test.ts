import { deepEqual, equal } from 'node:assert/strict';

import { grpcBootstrap, type GrpcBootstrapInput } from '../../src/bootstrap/grpc-bootstrap.ts';
import { buildNode, type NodeInput } from '../../src/node/node.ts';
import { sidecarInput } from '../node/inputs.ts';

interface Document {
  readonly xds_servers: readonly { readonly server_uri: string }[];
  readonly node: { readonly metadata: Record<string, unknown>; readonly locality: object };
  readonly certificate_providers?: object;
}

function documentOf(
  changes: Partial<Omit<GrpcBootstrapInput, 'node'>> = {},
  node: Partial<NodeInput> = {},
): Document {
  return grpcBootstrap({
    node: buildNode(sidecarInput(node), () => undefined),
    xdsSocketPath: './etc/istio/proxy/XDS',
    outputCertsDir: '',
    ...changes,
  }) as unknown as Document;
}

describe('grpcBootstrap', () => {
  it('has exactly the members a proxyless client reads', () => {
    const document = documentOf({ outputCertsDir: '/var/lib/istio/data/' }, { podLabels: {} });

    const { node, ...rest } = document;
    deepEqual(rest, {
      xds_servers: [
        {
          server_uri: 'unix:///etc/istio/proxy/XDS',
          channel_creds: [{ type: 'insecure' }],
          server_features: ['xds_v3'],
        },
      ],
      certificate_providers: {
        default: {
          plugin_name: 'file_watcher',
          config: {
            certificate_file: '/var/lib/istio/data/cert-chain.pem',
            private_key_file: '/var/lib/istio/data/key.pem',
            ca_certificate_file: '/var/lib/istio/data/root-cert.pem',
            refresh_interval: '900s',
          },
        },
      },
      server_listener_resource_name_template: 'xds.istio.io/grpc/lds/inbound/%s',
    });
    deepEqual(Object.keys(node), ['id', 'metadata', 'locality']);
  });

  it('keeps the socket path as configured: an absolute one has four slashes', () => {
    equal(documentOf({ xdsSocketPath: '/run/XDS' }).xds_servers[0]?.server_uri, 'unix:////run/XDS');
  });

  it('names no certificates when none are written', () => {
    equal('certificate_providers' in documentOf(), false);
  });

  it('has the typed metadata alone, sorted, and the generator for gRPC', () => {
    const environment = { ISTIO_META_GENERATOR: 'other', ISTIO_META_MESH_ID: 'm', ISTIO_META_MINE: 'x' };

    const { metadata } = documentOf({}, { environment }).node;

    deepEqual([metadata['GENERATOR'], metadata['MESH_ID'], metadata['MINE']], ['grpc', 'm', undefined]);
    deepEqual(Object.keys(metadata), Object.keys(metadata).toSorted());
  });

  it('has the parts of the locality that are known', () => {
    deepEqual(documentOf({}, { podLabels: { 'istio-locality': 'r.z' } }).node.locality, {
      region: 'r',
      zone: 'z',
    });
    deepEqual(documentOf({}, { podLabels: {} }).node.locality, {});
  });
});
