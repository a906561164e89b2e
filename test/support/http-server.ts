// A real HTTP server on loopback for one test, closed when its `await using` scope ends.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface LoopbackServer extends AsyncDisposable {
  readonly port: number;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
}

/** @param host default 127.0.0.1 @param fixedPort default: any free one */
export async function loopbackServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>,
  host = '127.0.0.1',
  fixedPort = 0,
): Promise<LoopbackServer> {
  const server = createServer((request, response) => {
    void answer(request, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(fixedPort, host, resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => {
      server.close(resolve);
    });
  };
  return { port, url: `http://127.0.0.1:${port}`, [Symbol.asyncDispose]: close };
}

/** A port of 127.0.0.1 that nobody listens on. */
export async function closedPort(): Promise<number> {
  await using server = await loopbackServer(() => undefined);
  return server.port;
}
