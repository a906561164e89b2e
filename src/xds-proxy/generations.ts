// The Envoys served at once, told apart by generation: the count of Envoys this agent has started. A stream replaces
// an older one of its own generation and never touches another, so during a hot restart both Envoys are served.

import { status as Status } from '@grpc/grpc-js';

import type { Log } from '../runtime/log.ts';
import type { TypeState } from './ack-ledger.ts';
import { Ending } from './endings.ts';
import { HerdDelay } from './herd-delay.ts';
import type { Session } from './session.ts';

export interface GenerationSnapshot {
  readonly generation: number;
  /** The stream to the control plane is open. */
  readonly connected: boolean;
  /** By type URL, of the stream open now or else of the last one. */
  readonly perType: Readonly<Record<string, TypeState>>;
}

export interface Generation {
  readonly number: number;
  readonly herdDelay: HerdDelay;
  session: Session | undefined;
}

/** Most generations that can be alive: active, candidate and one draining. Older ones are forgotten. */
const MAX_GENERATIONS = 3;

export class Generations {
  readonly #byNumber = new Map<number, Generation>();
  readonly #random: () => number;
  readonly #log: Log;

  constructor(random: () => number, log: Log) {
    this.#random = random;
    this.#log = log;
  }

  /** The generation of that number, made when it is new. */
  get(number: number): Generation {
    const known = this.#byNumber.get(number);
    if (known) return known;
    const generation = { number, herdDelay: new HerdDelay(this.#random), session: undefined };
    this.#byNumber.set(number, generation);
    this.#forgetOldest();
    return generation;
  }

  /** Makes a session the one of its generation and ends its predecessor with OK. */
  register(generation: Generation, session: Session): void {
    const previous = generation.session;
    generation.session = session;
    if (previous === undefined || previous.over) return;
    this.#log.warn('registered overlapping stream; closing previous', { generation: generation.number });
    previous.end(new Ending('agent', Status.OK, 'replaced by a newer stream'));
  }

  /** The connected session of a generation; without a number, that of the newest generation that has one. */
  connected(number?: number): Session | undefined {
    const connected = [...this.#byNumber.values()].filter(({ session }) => session?.connected);
    const newestFirst = connected.toSorted((a, b) => b.number - a.number);
    return newestFirst.find((each) => number === undefined || each.number === number)?.session;
  }

  snapshot(): GenerationSnapshot[] {
    return [...this.#byNumber.values()]
      .map(({ number, session }) => ({
        generation: number,
        connected: session?.connected ?? false,
        perType: session?.types() ?? {},
      }))
      .toSorted((a, b) => a.generation - b.generation);
  }

  #forgetOldest(): void {
    const idle = [...this.#byNumber.values()].filter(({ session }) => session?.over ?? false);
    const surplus = this.#byNumber.size - MAX_GENERATIONS;
    for (const { number } of idle.toSorted((a, b) => a.number - b.number).slice(0, Math.max(0, surplus))) {
      this.#byNumber.delete(number);
    }
  }
}
