import { deepEqual, equal, ok } from 'node:assert/strict';

import { Forwarder } from '../../../src/dns/forward/forwarder.ts';
import { readMessage, type Message } from '../../../src/dns/messages/message.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { seededRandom } from '../../support/seeded-random.ts';
import { silentDnsMeter } from '../support/dns-meter.ts';
import { someTurns } from '../../support/turns.ts';
import { decode, encodeQuery } from '../support/wire.ts';
import { TroubledNetwork } from './troubled-network.ts';

const SEEDS = 30;
const QUERIES = 60;
const TIMEOUT_MS = 100;
const RETRIES = 2;
/** Every resolver in every round late, and the pauses between rounds. */
const RESOLVERS = 3;
const LONGEST_MS = (RETRIES + 1) * (RESOLVERS * TIMEOUT_MS + 100);
/** A socket is used for five seconds. */
const SOCKET_MS = 5000;

class Given {
  readonly clock = new FakeClock();
  readonly random: () => number;
  readonly network: TroubledNetwork;
  readonly forwarder: Forwarder;
  readonly counts = { forwarded: 0, failed: 0, took: 0 };
  readonly ends: (Message | Error | undefined)[][] = [];

  constructor(seed: number) {
    const { counts, clock } = this;
    this.random = seededRandom(seed);
    this.network = new TroubledNetwork(clock, this.random);
    const hosts = Array.from(
      { length: Math.floor(this.random() * (RESOLVERS + 1)) },
      (_, index) => `10.0.0.${index}`,
    );
    this.forwarder = new Forwarder(
      {
        resolvers: hosts.map((host) => ({ host, port: 53 })),
        parallel: this.random() < 0.3,
        timeoutMs: TIMEOUT_MS,
        retries: Math.floor(this.random() * (RETRIES + 1)),
        hedgeMs: this.random() < 0.5 ? 20 : 0,
        maxFlights: this.random() < 0.2 ? 10 : 4096,
      },
      {
        clock,
        random: this.random,
        log: recordingLog().log,
        metrics: {
          ...silentDnsMeter(),
          forwarded: () => void (counts.forwarded += 1),
          failed: () => void (counts.failed += 1),
          forwardTook: () => void (counts.took += 1),
        },
        open: this.network.socket,
      },
    );
  }

  /** Some ask for the same name at the same time. */
  ask(number: number): void {
    const name = `host-${number % 7}.example.`;
    const query = readMessage(encodeQuery({ id: number, name })) as Message;
    const ends: (Message | Error | undefined)[] = [];
    this.ends.push(ends);
    this.forwarder.forward(query, 'udp').then(
      (answer) => ends.push(answer),
      (error: unknown) => ends.push(error as Error),
    );
  }

  async pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 10) {
      await this.clock.tick(10);
      await someTurns(2);
    }
  }

  async askAll(): Promise<void> {
    for (let number = 0; number < QUERIES; number += 1) {
      this.ask(number);
      if (this.random() < 0.3) await this.pass(10);
    }
  }
}

describe('Forwarder in a troubled network', () => {
  it('ends every query once, with an answer of its own or none, and leaves nothing behind', async () => {
    let [sockets, answers] = [0, 0];
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const given = new Given(seed);
      await given.askAll();
      await given.pass(LONGEST_MS);

      const { ends, counts, network, clock, forwarder } = given;
      const why = `seed ${seed}`;
      ok(
        ends.every(({ length }) => length === 1),
        why,
      );
      const failed = ends.filter(([end]) => end === undefined).length;
      deepEqual(counts, { forwarded: QUERIES, failed, took: QUERIES }, why);
      for (const [number, [end]] of ends.entries()) {
        ok(!(end instanceof Error), why);
        if (end !== undefined) checkAnswer(end, number);
      }
      await clock.tick(SOCKET_MS);
      await someTurns();
      deepEqual([network.open.size, clock.sleepers], [0, 0], why);
      sockets += network.opened;
      answers += QUERIES - failed;
      forwarder.close();
    }
    ok(sockets > SEEDS && answers > (SEEDS * QUERIES) / 5, `${sockets} sockets, ${answers} answers`);
  });

  it('fails what waits when it is closed, and leaves nothing behind', async () => {
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const given = new Given(seed);
      await given.askAll();

      given.forwarder.close();
      await someTurns();

      const why = `seed ${seed}`;
      equal(given.network.open.size, 0, why);
      ok(
        given.ends.every(({ length }) => length === 1),
        why,
      );
      await given.clock.tick(150); // what the network still has under way
      equal(given.clock.sleepers, 0, why);
    }
  });

  function checkAnswer({ bytes }: Message, number: number): void {
    const { id, questions } = decode(bytes);
    deepEqual([id, questions[0]?.name], [number, `host-${number % 7}.example.`]);
  }
});
