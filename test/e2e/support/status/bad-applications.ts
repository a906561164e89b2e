// Applications of a pod as they should not be, one port each, in a process of their own. What they do is the same for
// every path; the last one is good. Printed as JSON: port by name.

import { createServer, type AddressInfo, type Socket } from 'node:net';

export type ApplicationName =
  | 'slow'
  | 'hanging'
  | 'shorter'
  | 'longer'
  | 'chunks'
  | 'encoding'
  | 'headers'
  | 'gibberish'
  | 'huge'
  | 'good';

const LINE = 'shop_orders_total{customer="someone"} 1\n';
const SLOW_LINE_MS = 100;
const HUGE_BYTES = 64 * 1024 * 1024;
const PIECE = Buffer.from(LINE.repeat(1600));

function head(...lines: readonly string[]): string {
  return ['HTTP/1.1 200 OK', 'Content-Type: text/plain; version=0.0.4', ...lines, '', ''].join('\r\n');
}

const behaviours: Readonly<Record<ApplicationName, (socket: Socket) => void>> = {
  /** A line now and then, without end. */
  slow: (socket) => {
    socket.write(head('Connection: close'));
    const timer = setInterval(() => socket.write(LINE), SLOW_LINE_MS);
    socket.once('close', () => clearInterval(timer));
  },
  hanging: () => undefined,
  /** Less than it says. */
  shorter: (socket) => socket.end(head('Content-Length: 100000') + LINE),
  /** More than it says. */
  longer: (socket) => socket.end(head('Content-Length: 5') + LINE),
  chunks: (socket) => socket.end(`${head('Transfer-Encoding: chunked')}5\r\nshop_\r\nnot a length\r\n`),
  encoding: (socket) => socket.end(head('Content-Encoding: gzip', `Content-Length: ${LINE.length}`) + LINE),
  /** Headers without end. */
  headers: (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    flood(socket, Buffer.from(`X-More: ${'x'.repeat(1000)}\r\n`.repeat(64)), HUGE_BYTES);
  },
  gibberish: (socket) => socket.end(Buffer.alloc(4096, 0xfe)),
  huge: (socket) => {
    socket.write(head('Connection: close'));
    flood(socket, PIECE, HUGE_BYTES);
  },
  good: (socket) => socket.end(head(`Content-Length: ${LINE.length}`, 'Connection: close') + LINE),
};

/** As fast as it is taken. */
function flood(socket: Socket, piece: Buffer, bytes: number): void {
  let left = bytes;
  const more = (): void => {
    while (left > 0) {
      left -= piece.length;
      if (!socket.write(piece)) return;
    }
    socket.end();
  };
  socket.on('drain', more);
  more();
}

const names = Object.keys(behaviours) as ApplicationName[];
const ports = await Promise.all(
  names.map(async (name) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined); // who asked has had enough
      socket.once('data', () => behaviours[name](socket));
    });
    await new Promise<void>((listening) => {
      server.listen(0, '127.0.0.1', listening);
    });
    return [name, (server.address() as AddressInfo).port] as const;
  }),
);
console.log(JSON.stringify(Object.fromEntries(ports)));
