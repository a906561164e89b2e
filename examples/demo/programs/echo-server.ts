// The server's ordinary program: plain HTTP, knows nothing of the mesh, answers with the headers it got.
//
//   node echo-server.ts <address> <port>

import { createServer } from 'node:http';

const [address, port] = process.argv.slice(2);

createServer((request, response) => {
  response.setHeader('Content-Type', 'application/json');
  response.end(JSON.stringify({ path: request.url, headers: request.headers }));
}).listen(Number(port), address);
