// One UDP socket with many questions under way, as of a busy application, and how long each takes.

import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

import type { SocketAddress } from '../../../../src/dns/socket-address.ts';
import { decode, encodeQuery, type Decoded, type RecordType } from '../../../dns/support/wire.ts';

export interface Answered {
  readonly reply: Decoded;
  readonly tookMs: number;
}

interface Pending {
  readonly name: string;
  readonly startedMs: number;
  readonly answered: (answer: Answered) => void;
  readonly timer: NodeJS.Timeout;
}

const IDS = 0x1_0000;

export class QueryClient implements Disposable {
  /** Replies that nobody waits for, or that are about another name. */
  strays = 0;
  readonly #socket: Socket;
  readonly #patienceMs: number;
  readonly #pending = new Map<number, Pending>();
  #lastId = 0;

  private constructor(socket: Socket, patienceMs: number) {
    this.#socket = socket;
    this.#patienceMs = patienceMs;
    socket.on('message', (bytes) => this.#onReply(bytes));
    socket.on('error', () => undefined); // a server that is gone: what waits gives up by itself
  }

  /** @param patienceMs after which a question counts as lost */
  static async open({ host, port }: SocketAddress, patienceMs = 10_000): Promise<QueryClient> {
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.connect(port, host);
    await once(socket, 'connect');
    return new QueryClient(socket, patienceMs);
  }

  /** Rejects when there is no reply in time. */
  ask(name: string, type: RecordType = 'A'): Promise<Answered> {
    const id = this.#freeId();
    const { promise, resolve, reject } = Promise.withResolvers<Answered>();
    const lost = (): void => {
      this.#pending.delete(id);
      reject(new Error(`no reply to ${name} ${type} within ${this.#patienceMs} ms`));
    };
    const timer = setTimeout(lost, this.#patienceMs);
    this.#pending.set(id, { name, startedMs: performance.now(), answered: resolve, timer });
    this.#socket.send(encodeQuery({ id, name, type }));
    return promise;
  }

  [Symbol.dispose](): void {
    for (const { timer } of this.#pending.values()) clearTimeout(timer);
    this.#socket.close();
  }

  #freeId(): number {
    do this.#lastId = (this.#lastId + 1) % IDS;
    while (this.#pending.has(this.#lastId));
    return this.#lastId;
  }

  #onReply(bytes: Buffer): void {
    const reply = decode(bytes);
    const asked = this.#pending.get(reply.id);
    if (asked === undefined || reply.questions[0]?.name !== asked.name) {
      this.strays += 1;
      return;
    }
    this.#pending.delete(reply.id);
    clearTimeout(asked.timer);
    asked.answered({ reply, tookMs: performance.now() - asked.startedMs });
  }
}

/** Calls `act` for 0 to `count` - 1, so many at a time. */
export async function spread(
  count: number,
  atATime: number,
  act: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: atATime }, work));
}
