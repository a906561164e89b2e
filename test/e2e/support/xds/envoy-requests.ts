// What an Envoy of a pod asks and is told, as far as a test wants to know.

import { loadMessages } from '../../../../src/proto/messages.ts';
import { readResponse, type Kind } from '../../../../src/xds-proxy/envelopes.ts';
import { CLUSTER_TYPE } from '../../../../src/xds/type-urls.ts';
import type { EnvoyStream } from './envoy-connection.ts';

const messages = loadMessages();
const NODE = { id: 'sidecar~127.0.0.1~web-1.default~default.svc.cluster.local', cluster: 'web' };

/** The first request for a type: everything of it. */
export function subscription(kind: Kind, typeUrl: string): Buffer {
  if (kind === 'sotw') {
    const request = { node: NODE, typeUrl, versionInfo: '', responseNonce: '', resourceNames: [] };
    return messages.discoveryRequest.encode(request);
  }
  return messages.deltaDiscoveryRequest.encode({
    node: NODE,
    typeUrl,
    responseNonce: '',
    resourceNamesSubscribe: [],
    resourceNamesUnsubscribe: [],
    initialResourceVersions: {},
  });
}

/** Asks for a type, and waits for what comes: the type of the next response and how much is in it. */
export async function ask(stream: EnvoyStream, typeUrl = CLUSTER_TYPE): Promise<string> {
  stream.send(subscription(stream.kind, typeUrl));
  const ended = stream.status.then(({ code, details }) => {
    throw new Error(`the stream ended with ${code}: ${details}`);
  });
  const { typeUrl: answered, resourceCount } = readResponse(
    stream.kind,
    await Promise.race([stream.responses.next(), ended]),
  );
  return `${answered} ${resourceCount}`;
}
