// The Envoys served at once, told apart by generation: the count of Envoys this agent has started. A stream replaces
// an older one of its own generation and never touches another, so during a hot restart both Envoys are served.

import { status as Status } from '@grpc/grpc-js';

import type { Log } from '../runtime/log.ts';
import type { TypeState } from './ack-ledger.ts';
import { Ending } from './endings.ts';
import { HerdDelay } from './herd-delay.ts';
import type { Session, StreamFacts, TypeStates } from './session.ts';

export interface GenerationSnapshot {
  readonly generation: number;
  /** The stream to the control plane is open. */
  readonly connected: boolean;
  /** What Envoy was sent, by type URL, of the stream open now or else of the last one. */
  readonly perType: Readonly<Record<string, TypeState>>;
  /** Likewise what the agent took for itself; absent: nothing. */
  readonly ofAgent?: Readonly<Record<string, TypeState>>;
  /** Envoy's stream; absent while it has none. */
  readonly stream?: StreamFacts;
  /** How the last stream ended; absent before. */
  readonly lastEnd?: StreamEnd;
}

export interface StreamEnd {
  /** Who ended it, status code and details. */
  readonly text: string;
  readonly at: Date;
}

export interface Generation {
  readonly number: number;
  readonly herdDelay: HerdDelay;
  /** The stream open now. */
  session: Session | undefined;
  /** What was known of the last stream when it ended. */
  last: TypeStates;
  lastEnd: StreamEnd | undefined;
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
    const last = { ofEnvoy: {}, ofAgent: {} };
    const generation = {
      number,
      herdDelay: new HerdDelay(this.#random),
      session: undefined,
      last,
      lastEnd: undefined,
    };
    this.#byNumber.set(number, generation);
    return generation;
  }

  /** Makes a session the one of its generation and ends its predecessor with OK. */
  register(generation: Generation, session: Session): void {
    const previous = generation.session;
    generation.session = session;
    this.#forgetOldest();
    if (previous === undefined || previous.over) return;
    this.#log.warn('registered overlapping stream; closing previous', { generation: generation.number });
    previous.end(new Ending('agent', Status.OK, 'replaced by a newer stream'));
  }

  /** The session is over: nothing of it is kept but what it knew, and that only while no newer one is there. */
  release(generation: Generation, session: Session): void {
    if (generation.session !== session) return;
    generation.session = undefined;
    generation.last = session.types();
    this.#forgetOldest();
  }

  /**
   * The connected session of a generation, or else that of the newest one: an Envoy whose bootstrap names no generation
   * counts as the first one, whatever it is.
   */
  connected(number?: number): Session | undefined {
    const connected = [...this.#byNumber.values()].filter(({ session }) => session?.connected);
    const newestFirst = connected.toSorted((a, b) => b.number - a.number);
    return (newestFirst.find((each) => each.number === number) ?? newestFirst[0])?.session;
  }

  snapshot(): GenerationSnapshot[] {
    return [...this.#byNumber.values()].map(snapshotOf).toSorted((a, b) => a.generation - b.generation);
  }

  /** Those with a stream are never forgotten. */
  #forgetOldest(): void {
    const idle = [...this.#byNumber.values()].filter(({ session }) => session === undefined);
    const surplus = Math.max(0, this.#byNumber.size - MAX_GENERATIONS);
    for (const { number } of idle.toSorted((a, b) => a.number - b.number).slice(0, surplus)) {
      this.#byNumber.delete(number);
    }
  }
}

function snapshotOf({ number, session, last, lastEnd }: Generation): GenerationSnapshot {
  const { ofEnvoy, ofAgent } = session?.types() ?? last;
  return {
    generation: number,
    connected: session?.connected ?? false,
    perType: ofEnvoy,
    ...(Object.keys(ofAgent).length > 0 && { ofAgent }),
    ...(session && { stream: session.facts() }),
    ...(lastEnd && { lastEnd }),
  };
}
