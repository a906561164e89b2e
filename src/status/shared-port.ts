// One port behind several sockets. Node takes one connection per turn of its event loop from each socket that listens,
// so a crowd of new connections would keep the kubelet's waiting for as many turns; the kernel spreads them over the
// sockets of a port.

import { createServer, Server, type AddressInfo } from 'node:net';

import { errnoOf } from '../runtime/errors.ts';

const SOCKETS = 32;
/** Connections the kernel keeps until they are taken; it allows no more than its own limit. */
const BACKLOG = 4096;

type ListenError = (error: Error) => void;

export class SharedPort {
  /** Has the first socket, and every connection. */
  readonly #main: Server;
  readonly #others: readonly Server[];

  constructor(main: Server) {
    this.#main = main;
    const options = { allowHalfOpen: true, noDelay: true, keepAlive: true }; // as an HTTP server has them
    this.#others = Array.from({ length: SOCKETS - 1 }, () =>
      createServer(options, (socket) => void main.emit('connection', socket)),
    );
  }

  /**
   * Listens on IPv6 and IPv4, or on IPv4 alone where there is no other.
   *
   * @param port 0 takes any free one
   * @param addresses the second is for a host that does not have the first
   * @returns the port
   * @throws what the system says, EADDRINUSE among it
   */
  async listen(port: number, addresses: readonly [string, string] = ['::', '0.0.0.0']): Promise<number> {
    const [both, onlyV4] = addresses;
    try {
      return await this.#listenAt(both, port);
    } catch (error) {
      if (errnoOf(error) !== 'EAFNOSUPPORT' && errnoOf(error) !== 'EADDRNOTAVAIL') throw error;
      return this.#listenAt(onlyV4, port);
    }
  }

  /** Called when a socket dies that listened. */
  onError(failed: ListenError): void {
    for (const server of [this.#main, ...this.#others]) server.on('error', failed);
  }

  /** Takes no more connections; those that are open stay. */
  stop(): void {
    // http's own close() would also cut idle connections
    for (const server of [this.#main, ...this.#others]) Server.prototype.close.call(server);
  }

  /** Resolves when the port is free and every connection has ended; the owner of the main server ends them. */
  async close(): Promise<void> {
    await Promise.all([this.#main, ...this.#others].map(closed));
  }

  async #listenAt(host: string, port: number): Promise<number> {
    await checkFree(host, port);
    const options = { ...hostOption(host), backlog: BACKLOG, reusePort: true };
    await listening(this.#main, { ...options, port });
    const { port: taken } = this.#main.address() as AddressInfo;
    for (const server of this.#others) await listening(server, { ...options, port: taken });
    return taken;
  }
}

/** Sockets that share a port do so with strangers, too: a second agent must not get half of the probes. */
async function checkFree(host: string, port: number): Promise<void> {
  const alone = createServer();
  await listening(alone, { ...hostOption(host), port });
  await closed(alone);
}

/** Without a host, Node takes `::` and does not ask isIP() what that is: the first time takes 6 ms, and Envoy waits. */
function hostOption(host: string): { readonly host?: string } {
  return host === '::' ? {} : { host };
}

interface ListenOptions {
  /** Default: every address. */
  readonly host?: string;
  readonly port: number;
  readonly backlog?: number;
  readonly reusePort?: boolean;
}

async function listening(server: Server, options: ListenOptions): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(options, resolve);
  await promise;
  server.off('error', reject);
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve()); // an error here says that it was closed before
  });
}
