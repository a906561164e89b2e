// The application of a measured pod, a process of its own: answers probes as cheaply as Node can, and a scrape with as
// many lines as it is told. It prints its port.

import { createServer, type AddressInfo, type Socket } from 'node:net';

const lines = Number(process.argv[2]);
const SERIES_PER_FAMILY = 10;
const PROBE = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n';
const page = Buffer.from(exposition(lines));
const head = `HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: ${page.length}\r\nConnection: close\r\n\r\n`;

const server = createServer((socket) => {
  socket.on('error', () => undefined); // who asked has left
  socket.once('data', (request: Buffer) => answer(socket, request));
});
server.listen(0, '127.0.0.1', () => {
  console.log(`port ${(server.address() as AddressInfo).port}`);
});

function answer(socket: Socket, request: Buffer): void {
  if (!request.toString('latin1').startsWith('GET /metrics')) return void socket.end(PROBE);
  socket.write(head);
  socket.end(page);
}

/** Counters with two labels, about 80 bytes a line. */
function exposition(count: number): string {
  const text: string[] = [];
  for (let family = 0; text.length < count; family += 1) {
    const name = `shop_orders_${family}_total`;
    text.push(`# HELP ${name} Orders taken.`, `# TYPE ${name} counter`);
    for (let series = 0; series < SERIES_PER_FAMILY; series += 1)
      text.push(`${name}{customer="customer-${series}",warehouse="north-west"} ${family * 1000 + series}`);
  }
  return `${text.slice(0, count).join('\n')}\n`;
}
