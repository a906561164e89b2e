// Another SDS server on the workload's socket, as SPIRE's agent is one: answers every subscription, and nothing else.

import type { ServerDuplexStream } from '@grpc/grpc-js';

import { loadMessages } from '../../../src/proto/messages.ts';
import { bytesMethod, serveGrpcSocket, type GrpcSocketServer } from '../../../src/runtime/grpc.ts';
import { secretResource } from '../../../src/sds/secret-resource.ts';
import { SECRET_TYPE } from '../../../src/xds/type-urls.ts';
import type { SdsWorkload } from './sds-workload.ts';

const METHOD = bytesMethod('/envoy.service.secret.v3.SecretDiscoveryService/StreamSecrets', true);

export function startExternalSds(path: string, workload: SdsWorkload): Promise<GrpcSocketServer> {
  const messages = loadMessages();
  const answer = async (call: ServerDuplexStream<Buffer, Buffer>, bytes: Buffer): Promise<void> => {
    const { resourceNames, responseNonce } = messages.discoveryRequest.decode(bytes);
    if (responseNonce !== '') return;
    const items = await Promise.all(resourceNames.map((name) => workload.get(name)));
    const resources = items.map((item) => secretResource(item, messages));
    const response = { versionInfo: '1', resources, typeUrl: SECRET_TYPE, nonce: resourceNames.join() };
    call.write(messages.discoveryResponse.encode(response));
  };
  return serveGrpcSocket({
    path,
    mode: 0o777,
    options: {},
    register: (server) =>
      server.addService(
        { stream: METHOD },
        {
          stream: (call: ServerDuplexStream<Buffer, Buffer>) => {
            call.on('data', (bytes: Buffer) => void answer(call, bytes));
            call.on('end', () => call.end());
          },
        },
      ),
  });
}
