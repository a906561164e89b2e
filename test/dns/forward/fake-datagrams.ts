// Sockets that keep what is sent over them, and hear what a test says.

import type { Datagrams, OpenDatagrams } from '../../../src/dns/forward/udp-socket.ts';

export class FakeDatagrams implements Datagrams {
  readonly sent: Buffer[] = [];
  readonly peer: { host?: string; port?: number } = {};
  isOpen = true;
  #hears: (bytes: Buffer) => void = () => undefined;
  #fails: (error: Error) => void = () => undefined;
  #connects: () => void = () => undefined;

  on = (event: 'message' | 'error' | 'connect', listener: (given: never) => void): void => {
    if (event === 'message') this.#hears = listener as (bytes: Buffer) => void;
    else if (event === 'error') this.#fails = listener as (error: Error) => void;
    else this.#connects = listener as () => void;
  };

  connect = (port: number, host: string): void => void Object.assign(this.peer, { host, port });
  send = (bytes: Buffer): void => void this.sent.push(bytes);
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

/** All sockets that were opened, oldest first; connected at once unless told otherwise. */
export function fakeSockets(isConnected = true): {
  readonly sockets: FakeDatagrams[];
  readonly open: OpenDatagrams;
} {
  const sockets: FakeDatagrams[] = [];
  const open: OpenDatagrams = () => {
    const socket = new FakeDatagrams();
    sockets.push(socket);
    if (isConnected) queueMicrotask(() => socket.connected());
    return socket;
  };
  return { sockets, open };
}
