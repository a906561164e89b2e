// Several Envoys, the real sessions of the proxy, and a control plane, all in memory and on a fake clock.

import { status as Status } from '@grpc/grpc-js';

import { recordLog, type LogRecord } from '../../../src/runtime/log.ts';
import { Ending } from '../../../src/xds-proxy/endings.ts';
import type { Kind } from '../../../src/xds-proxy/envelopes.ts';
import type { ProxyMetrics } from '../../../src/xds-proxy/metrics.ts';
import { Sessions } from '../../../src/xds-proxy/sessions.ts';
import { UpstreamNotBuilt } from '../../../src/xds-proxy/upstream-connection.ts';
import { NAME_TABLE_TYPE } from '../../../src/xds/type-urls.ts';
import { StepClock } from '../../support/step-clock.ts';
import { FakeEnvoy } from './fake-envoy.ts';
import { FakeUpstream } from './fake-upstream.ts';
import type { Reach } from './steps.ts';

/** Something that was done and may end a stream. */
export interface Cause {
  /** How the end is told: side, code and the beginning of the details. */
  readonly told: string;
  /** What it has to be counted as; undefined: as nothing, the agent has ended the stream itself. */
  readonly counts: string | undefined;
}

/** One stream of an Envoy with all that belongs to it. */
export interface Stream {
  /** As in the log of the proxy. */
  readonly id: number;
  readonly kind: Kind;
  readonly generation: number;
  readonly envoy: FakeEnvoy;
  /** Undefined until the control plane is reached. */
  upstream: FakeUpstream | undefined;
  readonly causes: Cause[];
  /** What Envoy has asked while the stream was open. */
  readonly requested: Buffer[];
}

/** How the end of a stream was told. */
export interface ToldEnd {
  readonly record: LogRecord;
  readonly counted: readonly string[];
}

/** What the agent asks the control plane about itself. */
export const DEBUG_TYPE = 'istio.io/debug/syncz';

/** What the name table says that the agent refuses. */
export const BAD_TABLE = 'bad';

/** Longer than what passes in one step, so that it takes several to get there. */
const MAX_SILENCE_MS = 60_000;

const UNREACHED = `upstream ${Status.UNAVAILABLE} UNAVAILABLE: `;

export class FaultWorld {
  readonly clock = new StepClock();
  readonly sessions: Sessions;
  readonly streams: Stream[] = [];
  /** By address; every one is of another address. */
  readonly upstreams = new Map<string, FakeUpstream>();
  /** Those the proxy waits with: aborted when a session is over. */
  readonly signals: AbortSignal[] = [];
  /** By the id of the stream. */
  readonly ends = new Map<number, ToldEnd[]>();
  /** Name tables the agent has accepted. */
  readonly tables: Buffer[] = [];
  /** Debug questions that were asked, and those that have come to an end. */
  readonly questions = { asked: 0, over: 0 };
  reach: Reach = 'served';
  #counted: string[] = [];

  constructor() {
    this.sessions = new Sessions({
      consumers: new Map([[NAME_TABLE_TYPE, (bytes: Uint8Array) => this.#takeTable(Buffer.from(bytes))]]),
      connect: (_kind, onResponse, signal) => this.#connect(onResponse, signal),
      clock: this.clock,
      random: () => 0.5,
      maxSilenceMs: MAX_SILENCE_MS,
      log: recordLog((record) => this.#onLog(record)),
      metrics: this.#metrics(),
    });
  }

  open(generation: number, kind: Kind): Stream {
    const envoy = new FakeEnvoy();
    const id = this.streams.length + 1;
    const causes = [
      { told: `${UNREACHED}the control plane has sent nothing`, counts: 'upstreamEnded:error' },
    ];
    const stream = { id, kind, generation, envoy, upstream: undefined, causes, requested: [] };
    this.streams.push(stream);
    this.sessions.open(kind, envoy, generation);
    return stream;
  }

  ask(generation: number): void {
    this.questions.asked += 1;
    const question = { typeUrl: DEBUG_TYPE, names: [], generation };
    const over = (): void => void (this.questions.over += 1);
    this.sessions.ask(question, new AbortController().signal).then(over, over);
  }

  /** Lets time pass, and all that follows from it; finds out then which connection belongs to which stream. */
  async pass(ms: number): Promise<void> {
    await this.clock.advance(ms);
    await new Promise(setImmediate);
    for (const { stream: facts } of this.sessions.snapshot().generations) {
      const stream = this.streams[(facts?.id ?? 0) - 1];
      if (stream !== undefined) stream.upstream ??= this.upstreams.get(facts?.upstreamAddress ?? '');
    }
  }

  #takeTable(bytes: Buffer): void {
    if (bytes.toString() === BAD_TABLE) throw new Error('bad table');
    this.tables.push(bytes);
  }

  async #connect(onResponse: (bytes: Buffer) => Promise<void>, signal: AbortSignal): Promise<FakeUpstream> {
    this.signals.push(signal);
    const { reach } = this;
    if (reach === 'served') {
      const upstream = new FakeUpstream(`upstream-${this.upstreams.size}`, onResponse, this.clock);
      this.upstreams.set(upstream.peer, upstream);
      return upstream;
    }
    const counts = reach === 'not built' ? 'upstreamNotBuilt' : 'upstreamEnded:error';
    for (const stream of this.streams) {
      if (stream.upstream === undefined) stream.causes.push({ told: UNREACHED, counts });
    }
    if (reach === 'not built') throw new UpstreamNotBuilt(new Error('no root'));
    if (reach === 'silent') await this.clock.sleep(20_000, signal);
    throw new Ending('upstream', Status.UNAVAILABLE, `${reach} connect`);
  }

  /** An end is counted just before it is told. */
  #onLog(record: LogRecord): void {
    if (!record.message.includes(' terminated with ')) return;
    const id = Number(record.fields.id);
    this.ends.set(id, [...(this.ends.get(id) ?? []), { record, counted: this.#counted }]);
    this.#counted = [];
  }

  #metrics(): ProxyMetrics {
    const count = (name: string): void => void this.#counted.push(name);
    const ignore = (): void => undefined;
    return {
      upstreamNotBuilt: () => count('upstreamNotBuilt'),
      upstreamEnded: (type) => count(`upstreamEnded:${type}`),
      downstreamEnded: (type) => count(`downstreamEnded:${type}`),
      connectTook: ignore,
      request: ignore,
      response: ignore,
      received: ignore,
      requestSize: ignore,
      writeTook: ignore,
      accepted: ignore,
      refused: ignore,
    };
  }
}
