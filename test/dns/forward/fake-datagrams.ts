// Sockets that keep what is sent over them, and hear what a test says.

import type { Datagrams, OpenDatagrams } from '../../../src/dns/forward/udp-socket.ts';

export class FakeDatagrams implements Datagrams {
  readonly sent: Buffer[] = [];
  readonly peer: { host?: string; port?: number } = {};
  isOpen = true;
  readonly #answers: (query: Buffer) => readonly Buffer[];
  #hears: (bytes: Buffer) => void = () => undefined;
  #fails: (error: Error) => void = () => undefined;
  #connects: () => void = () => undefined;

  constructor(answers: (query: Buffer) => readonly Buffer[]) {
    this.#answers = answers;
  }

  on = (event: 'message' | 'error' | 'connect', listener: (given: never) => void): void => {
    if (event === 'message') this.#hears = listener as (bytes: Buffer) => void;
    else if (event === 'error') this.#fails = listener as (error: Error) => void;
    else this.#connects = listener as () => void;
  };

  connect = (port: number, host: string): void => void Object.assign(this.peer, { host, port });
  send = (bytes: Buffer): void => {
    this.sent.push(bytes);
    for (const answer of this.#answers(bytes)) queueMicrotask(() => this.#hears(answer));
  };
  close = (): void => void (this.isOpen = false);

  connected(): void {
    this.#connects();
  }

  hears(bytes: Buffer): void {
    this.#hears(bytes);
  }

  fails(error: Error): void {
    this.#fails(error);
  }
}

/**
 * All sockets that were opened, oldest first.
 *
 * @param isConnected at once, or when the test says so
 * @param answers what each hears at once
 */
export function fakeSockets(
  isConnected = true,
  answers: (host: string, query: Buffer) => readonly Buffer[] = () => [],
): { readonly sockets: FakeDatagrams[]; readonly open: OpenDatagrams } {
  const sockets: FakeDatagrams[] = [];
  const open: OpenDatagrams = (host) => {
    const socket = new FakeDatagrams((query) => answers(host, query));
    sockets.push(socket);
    if (isConnected) queueMicrotask(() => socket.connected());
    return socket;
  };
  return { sockets, open };
}
