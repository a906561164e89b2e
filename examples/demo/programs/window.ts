// Lets the demo look into a network namespace: takes requests on a Unix socket and sends them on from inside. The
// URL to ask is the whole request target, as with any forward proxy.
//
//   node window.ts <socket>

import { createServer, request as send } from 'node:http';
import { pipeline } from 'node:stream/promises';

const [socket] = process.argv.slice(2);

createServer((request, response) => {
  const { method, url = '', headers } = request;
  const onward = send(
    url,
    { method, headers: { ...headers, connection: 'close' }, agent: false },
    (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      pipeline(answer, response).catch(() => response.destroy()); // whoever asked sees a cut answer
    },
  );
  onward.on('error', (error) => response.writeHead(502).end(error.message));
  request.pipe(onward);
}).listen(socket);
