// The bootstrap of a proxyless gRPC client: the agent's xDS socket, the node as the control plane should see it, and
// the files its certificates are in. Same input, same bytes; writing the file is in grpc-bootstrap-file.ts.
// Upstream: pkg/istio-agent/grpcxds/grpc_bootstrap.go.

import { join, normalize } from 'node:path/posix';

import { encodeMetadata } from '../node/metadata-fields.ts';
import type { Node } from '../node/node.ts';
import { sortedObject, type JsonObject } from '../runtime/json.ts';

export interface GrpcBootstrapInput {
  readonly node: Pick<Node, 'id' | 'typed' | 'locality'>;
  /** As configured, relative to the working directory or absolute. */
  readonly xdsSocketPath: string;
  /** OUTPUT_CERTS; empty: the client gets no certificates from here. */
  readonly outputCertsDir: string;
}

/** Shape of gRPC's xDS bootstrap, A27 and A29 of its proposals. */
export function grpcBootstrap({ node, xdsSocketPath, outputCertsDir }: GrpcBootstrapInput): JsonObject {
  return {
    xds_servers: [
      {
        server_uri: `unix:///${normalize(xdsSocketPath)}`,
        channel_creds: [{ type: 'insecure' }],
        server_features: ['xds_v3'],
      },
    ],
    node: { id: node.id, metadata: metadataOf(node), locality: { ...node.locality } },
    ...(outputCertsDir !== '' && { certificate_providers: { default: fileWatcher(outputCertsDir) } }),
    server_listener_resource_name_template: 'xds.istio.io/grpc/lds/inbound/%s',
  };
}

/** Without the entries nobody has given a type: unlike Envoy, a gRPC client passes on the known fields alone. */
function metadataOf({ typed }: Pick<Node, 'typed'>): JsonObject {
  return sortedObject(Object.fromEntries(encodeMetadata({ ...typed, GENERATOR: 'grpc' })));
}

function fileWatcher(directory: string): JsonObject {
  return {
    plugin_name: 'file_watcher',
    config: {
      certificate_file: join(directory, 'cert-chain.pem'),
      private_key_file: join(directory, 'key.pem'),
      ca_certificate_file: join(directory, 'root-cert.pem'),
      refresh_interval: '900s',
    },
  };
}
