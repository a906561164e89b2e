// Ports of 127.0.0.1 on which nobody listens now.

import { createServer, type AddressInfo } from 'node:net';

/** All different. Somebody else may take one before it is used; nothing prevents that. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(async (server) => {
      await new Promise<void>((opened) => {
        server.listen(0, '127.0.0.1', opened);
      });
      return (server.address() as AddressInfo).port;
    }),
  );
  await Promise.all(servers.map((server) => new Promise((closed) => server.close(closed))));
  return ports;
}
