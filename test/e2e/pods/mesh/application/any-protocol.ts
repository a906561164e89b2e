// One port for every protocol, told apart by what the caller says first: HTTP/1.1, HTTP/2 without TLS (so gRPC), and
// whatever is neither, which is echoed.

import type { Server as Http1Server } from 'node:http';
import type { Http2Server } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';

const HTTP2_PREFACE = 'PRI * HTTP/2.0';
const HTTP1_REQUEST = /^[A-Z]+ [^\r\n]* HTTP\/1\./;

export interface Protocols {
  readonly http1: Http1Server;
  readonly http2: Http2Server;
}

/** Neither of the two servers listens; both are given connections. */
export function anyProtocolServer({ http1, http2 }: Protocols): Server {
  return createServer((socket) => {
    socket.on('error', () => socket.destroy()); // the caller went
    socket.once('data', (first) => {
      socket.pause();
      socket.unshift(first);
      const start = first.toString('latin1');
      if (start.startsWith(HTTP2_PREFACE)) http2.emit('connection', socket);
      else if (HTTP1_REQUEST.test(start)) resumed(socket, () => http1.emit('connection', socket));
      else resumed(socket, () => socket.pipe(socket));
    });
  });
}

function resumed(socket: Socket, hand: () => void): void {
  hand();
  socket.resume();
}
