// What the application answers to gRPC: its health by the standard protocol, and to every other method what it saw of
// the call, as JSON in the place of a message.

import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2';

import type { Behaviour } from './behaviour.ts';
import { seen } from './seen.ts';

const HEALTH_METHOD = '/grpc.health.v1.Health/Check';

/** Field 1 of HealthCheckResponse, a varint. */
const SERVING = Buffer.from([0x08, 1]);
const NOT_SERVING = Buffer.from([0x08, 2]);

export function isGrpc({ headers }: Http2ServerRequest): boolean {
  return headers['content-type']?.startsWith('application/grpc') === true;
}

export function answerCall(
  behaviour: Behaviour,
  request: Http2ServerRequest,
  response: Http2ServerResponse,
): void {
  const port = request.socket.localPort ?? 0;
  const health = behaviour.fails(port) ? NOT_SERVING : SERVING;
  const message = request.url === HEALTH_METHOD ? health : Buffer.from(JSON.stringify(seen(request)));
  response.writeHead(200, { 'content-type': 'application/grpc', trailer: 'grpc-status' });
  response.write(framed(message));
  response.addTrailers({ 'grpc-status': '0' });
  response.end();
}

/** A single message without compression. */
function framed(message: Uint8Array): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32BE(message.length, 1);
  return Buffer.concat([header, message]);
}
