// Ports of 127.0.0.1 on which nobody listens now.

import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { createServer, type Server } from 'node:net';

/** Below those that Linux gives to outgoing connections, which would take a port between its choice and its use. */
const [LOWEST, END] = [10_000, 32_768];

/** Where a port is marked as given, for all processes of this machine: on UDP, and on an address nobody else uses. */
const MARKS_ADDRESS = '127.15.0.21';
/** By then whoever was given a port uses it. */
const MARK_MS = 60_000;

/** All different, also from those that others were given within a minute. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = new Map<number, Server>();
  while (servers.size < count) {
    const port = randomInt(LOWEST, END);
    const server = (await marked(port)) ? await listening(port) : undefined;
    if (server !== undefined) servers.set(port, server);
  }
  await Promise.all([...servers.values()].map((server) => new Promise((closed) => server.close(closed))));
  return [...servers.keys()];
}

/** False when somebody was given the port a moment ago. */
function marked(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const mark = createSocket('udp4').unref();
    mark.once('error', () => resolve(false));
    mark.bind(port, MARKS_ADDRESS, () => {
      setTimeout(() => mark.close(), MARK_MS).unref();
      resolve(true);
    });
  });
}

/** Undefined when the port is taken. */
function listening(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}
