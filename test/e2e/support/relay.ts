// A TCP relay in front of a server: what passes can be held back, as by a network or a peer that hangs, without
// either side seeing its connection end.

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

export class Relay implements AsyncDisposable {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #holding = false;

  private constructor(targetPort: number) {
    this.#server = createServer((client) => this.#accept(client, connect(targetPort, '127.0.0.1')));
  }

  static async start(targetPort: number): Promise<Relay> {
    const relay = new Relay(targetPort);
    await new Promise<void>((opened) => {
      relay.#server.listen(0, '127.0.0.1', opened);
    });
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Nothing passes any more; new connections are accepted and stay silent. */
  hold(): void {
    this.#holding = true;
    for (const { client, server } of this.#pairs) {
      client.unpipe(server);
      server.unpipe(client);
    }
  }

  /** What was held back passes, in order. */
  release(): void {
    this.#holding = false;
    for (const pair of this.#pairs) join(pair);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { client, server } of this.#pairs) {
      client.destroy();
      server.destroy();
    }
    await new Promise((closed) => this.#server.close(closed));
  }

  #accept(client: Socket, server: Socket): void {
    const pair = { client, server };
    this.#pairs.add(pair);
    for (const [one, other] of [
      [client, server],
      [server, client],
    ] as const) {
      one.on('error', () => other.destroy()); // its own end follows
      one.once('close', () => {
        other.destroy();
        this.#pairs.delete(pair);
      });
    }
    if (!this.#holding) join(pair);
  }
}

function join({ client, server }: Pair): void {
  client.pipe(server);
  server.pipe(client);
}
