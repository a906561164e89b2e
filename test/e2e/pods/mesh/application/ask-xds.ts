// A gRPC call whose servers, routes and certificates come over the xDS that GRPC_XDS_BOOTSTRAP names. Loaded only when
// such a call is made: the library is large.

import { Client, credentials } from '@grpc/grpc-js';
import { register, XdsChannelCredentials } from '@grpc/grpc-js-xds';

import type { Answer, Question } from './ask.ts';

const same = (bytes: Buffer): Buffer => bytes;

/** Keeps nothing: each call makes its own channel. */
export function askXds({ url, timeoutMs }: Question): Promise<Answer> {
  register();
  const [, name = '', method = ''] = /^\/([^/]+)(\/.*)$/.exec(url.pathname) ?? [];
  const channel = new XdsChannelCredentials(credentials.createInsecure());
  const client = new Client(`xds:///${name}`, channel);
  const deadline = Date.now() + timeoutMs;
  return new Promise((done) => {
    client.makeUnaryRequest(method, same, same, Buffer.alloc(0), { deadline }, (error, body) => {
      client.close();
      if (error) done({ status: String(error.code), body: error.details });
      else done({ status: '0', body: body?.toString() ?? '' });
    });
  });
}
