// Looks at the Envoys of an agent all the time, from outside, and remembers what must never be: two of them that
// listen at one port without being parent and child.

import { setTimeout as sleep } from 'node:timers/promises';

import { envoysOf, listenersAt, type EnvoyProcess } from './restart-processes.ts';

const LOOK_EVERY_MS = 25;

export class RestartWatch implements AsyncDisposable {
  /** The largest number of Envoys at once. */
  most = 0;
  /** One line per look at which two strangers listened. */
  readonly strangers: string[] = [];
  readonly #agentPid: number;
  readonly #port: number;
  readonly #ending = new AbortController();
  readonly #ended: Promise<void>;

  constructor(agentPid: number, port: number) {
    this.#agentPid = agentPid;
    this.#port = port;
    this.#ended = this.#run();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ending.abort();
    await this.#ended;
  }

  async #run(): Promise<void> {
    while (!this.#ending.signal.aborted) {
      const first = await this.#look();
      this.most = Math.max(this.most, first.envoys.length);
      // one look takes time, in which one Envoy may end and another begin: both looks must find the same
      if (first.strangers !== '' && (await this.#look()).strangers === first.strangers) {
        this.strangers.push(first.strangers);
      }
      await sleep(LOOK_EVERY_MS);
    }
  }

  async #look(): Promise<{ readonly envoys: readonly EnvoyProcess[]; readonly strangers: string }> {
    const envoys = await envoysOf(this.#agentPid);
    const listening = await listenersAt(
      this.#port,
      envoys.map(({ pid }) => pid),
    );
    const found = envoys.filter(({ pid }) => listening.includes(pid));
    const pairs = found.flatMap((one, index) => found.slice(index + 1).map((other) => [one, other] as const));
    const strangers = pairs.filter(([one, other]) => !areParentAndChild(one, other));
    return { envoys, strangers: strangers.map((pair) => JSON.stringify(pair)).join(', ') };
  }
}

function areParentAndChild(one: EnvoyProcess, other: EnvoyProcess): boolean {
  return one.baseId === other.baseId && Math.abs(one.epoch - other.epoch) === 1;
}
