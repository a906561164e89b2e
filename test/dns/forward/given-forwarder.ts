// A forwarder on real sockets and the real clock, unless a test says otherwise, with all it counted and logged.

import { Forwarder, type ForwarderDeps, type ForwardSettings } from '../../../src/dns/forward/forwarder.ts';
import { readMessage, type Message } from '../../../src/dns/messages/message.ts';
import { systemClock } from '../../../src/runtime/clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { silentDnsMeter } from '../support/dns-meter.ts';
import type { Answering } from '../support/fake-resolver.ts';
import { decode, encodeAnswer, encodeQuery } from '../support/wire.ts';

/** Nobody listens there. */
export const DEAD = { host: '127.0.0.1', port: 1 };

/** With EDNS. */
export function query(id = 4660): Message {
  return readMessage(encodeQuery({ id, name: 'a.example.', edns: 1232 })) as Message;
}

/** A resolver that says only this. */
export const answering =
  (rcode: number): Answering =>
  (bytes) => [encodeAnswer(bytes, { rcode })];

export class GivenForwarder implements Disposable {
  readonly recorded = recordingLog();
  readonly counts = { forwarded: 0, failed: 0, hedged: 0, refused: 0, took: [] as number[] };
  readonly forwarder: Forwarder;

  constructor(settings: Partial<ForwardSettings>, deps: Partial<ForwarderDeps> = {}) {
    const { counts } = this;
    this.forwarder = new Forwarder(
      { resolvers: [], parallel: false, timeoutMs: 2000, retries: 0, ...settings },
      {
        clock: systemClock(),
        log: this.recorded.log,
        random: () => 0,
        metrics: {
          ...silentDnsMeter(),
          forwarded: () => void (counts.forwarded += 1),
          failed: () => void (counts.failed += 1),
          hedged: () => void (counts.hedged += 1),
          refused: () => void (counts.refused += 1),
          forwardTook: (ms) => void counts.took.push(ms),
        },
        ...deps,
      },
    );
  }

  /** Of the answer to a query over UDP; undefined: none. */
  async rcode(): Promise<number | undefined> {
    const answer = await this.forwarder.forward(query(), 'udp');
    return answer && decode(answer.bytes).rcode;
  }

  [Symbol.dispose](): void {
    this.forwarder.close();
  }
}
