// A network in which chance decides what becomes of every datagram: it is lost, late, refused, answered twice, with
// another id, about something else, or as it should be. Also sockets that cannot be bound. On a fake clock.

import type { Datagrams, OpenDatagrams } from '../../../src/dns/forward/udp-socket.ts';
import type { Clock } from '../../../src/runtime/clock.ts';
import { encodeAnswer } from '../support/wire.ts';

const MAX_DELAY_MS = 150;
const NEVER = new AbortController().signal;

type Listeners = Readonly<Record<'message' | 'error' | 'connect', ((given: never) => void)[]>>;

export class TroubledNetwork {
  /** Sockets that are open. */
  readonly open = new Set<Datagrams>();
  opened = 0;
  sent = 0;
  readonly #clock: Clock;
  readonly #random: () => number;

  /** @param random uniform in [0, 1) */
  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  readonly socket: OpenDatagrams = () => {
    const listeners: Listeners = { message: [], error: [], connect: [] };
    const tell = (event: keyof Listeners, given?: unknown): void => {
      if (this.open.has(socket)) for (const listener of listeners[event]) listener(given as never);
    };
    const socket: Datagrams = {
      on: (event: keyof Listeners, listener: (given: never) => void) => listeners[event].push(listener),
      connect: () => {
        const isBound = this.#random() > 0.05;
        queueMicrotask(() => (isBound ? tell('connect') : tell('error', new Error('EADDRNOTAVAIL'))));
      },
      send: (bytes, sent) => {
        if (!this.open.has(socket)) throw new Error('sent over a closed socket');
        this.sent += 1;
        this.#send(Buffer.from(bytes), sent, tell);
      },
      close: () => {
        if (!this.open.delete(socket)) throw new Error('closed twice');
      },
    };
    this.open.add(socket);
    this.opened += 1;
    return socket;
  };

  #send(
    query: Buffer,
    sent: (error: Error | null) => void,
    tell: (event: 'message' | 'error', given: unknown) => void,
  ): void {
    const right = encodeAnswer(query, { addresses: ['1.2.3.4'] });
    const fates: readonly (() => void)[] = [
      () => undefined,
      () => process.nextTick(sent, new Error('ENETUNREACH')),
      () => this.#later(() => tell('error', new Error('ECONNREFUSED'))),
      () => this.#later(() => tell('message', right)),
      () => this.#later(() => tell('message', encodeAnswer(query, { rcode: 2 }))),
      () => [1, 2].forEach(() => this.#later(() => tell('message', Buffer.from(right)))),
      () =>
        this.#later(() => [otherId(right), otherName(right), right].forEach((each) => tell('message', each))),
      () => this.#later(() => tell('message', right.subarray(0, -3))),
      () => this.#later(() => tell('message', right.subarray(0, 1))),
    ];
    fates[Math.floor(this.#random() * fates.length)]?.();
  }

  #later(happen: () => void): void {
    void this.#clock.sleep(Math.floor(this.#random() * MAX_DELAY_MS), NEVER).then(happen);
  }
}

function otherId(answer: Buffer): Buffer {
  const other = Buffer.from(answer);
  other.writeUInt16BE(answer.readUInt16BE(0) ^ 0x0101, 0);
  return other;
}

function otherName(answer: Buffer): Buffer {
  const other = Buffer.from(answer);
  other.writeUInt8(other.readUInt8(13) ^ 1, 13);
  return other;
}
