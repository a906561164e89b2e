// Ports of 127.0.0.1 on which nobody listens now.

import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/** Below those that Linux gives to outgoing connections, which would take a port between its choice and its use. */
const [LOWEST, END] = [10_000, 32_768];

/** All different. Somebody else may take one before it is used; nothing prevents that. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = new Map<number, Server>();
  while (servers.size < count) {
    const port = randomInt(LOWEST, END);
    const server = await listening(port);
    if (server !== undefined) servers.set(port, server);
  }
  await Promise.all([...servers.values()].map((server) => new Promise((closed) => server.close(closed))));
  return [...servers.keys()];
}

/** Undefined when the port is taken. */
function listening(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
