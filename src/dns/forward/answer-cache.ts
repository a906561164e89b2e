// Answers of resolvers, each for as long as it says. Bounded in number and in bytes: the one that was not used for the
// longest time goes first.

import type { Clock } from '../../runtime/clock.ts';
import { SECOND_MS } from '../../runtime/duration.ts';
import { HEADER_BYTES, readMessage, type Message } from '../messages/message.ts';
import { lifeOf, type AnswerLife } from './answer-life.ts';

interface KeptAnswer {
  readonly answer: Message;
  readonly life: AnswerLife;
  readonly sinceMs: number;
}

/** Of one answer; longer ones are rare. */
const MAX_ANSWER_BYTES = 4096;
/** For each answer that may be kept. */
const AVERAGE_BYTES = 1024;
const AUTHORITATIVE = 0x04;

export class AnswerCache {
  readonly #maxAnswers: number;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  /** The one that was used last is last. */
  readonly #kept = new Map<string, KeptAnswer>();
  #bytes = 0;

  constructor(maxAnswers: number, clock: Pick<Clock, 'monotonicMs'>) {
    this.#maxAnswers = maxAnswers;
    this.#clock = clock;
  }

  get size(): number {
    return this.#kept.size;
  }

  clear(): void {
    this.#kept.clear();
    this.#bytes = 0;
  }

  /** With the question as this query has it, its id, and the time that is left. */
  find(key: string, query: Message): Message | undefined {
    const kept = this.#kept.get(key);
    if (kept === undefined) return undefined;
    const seconds = Math.floor((this.#clock.monotonicMs() - kept.sinceMs) / SECOND_MS);
    this.#remove(key, kept);
    if (seconds >= kept.life.seconds) return undefined;
    this.#add(key, kept);
    return aged(answerTo(query, kept.answer), kept.life, seconds);
  }

  /** Where it may be kept. */
  keep(key: string, answer: Message): void {
    if (answer.bytes.length > MAX_ANSWER_BYTES) return;
    const life = lifeOf(answer);
    if (life === undefined) return;
    const before = this.#kept.get(key);
    if (before !== undefined) this.#remove(key, before);
    const own = ownAnswer(answer);
    if (own !== undefined) this.#add(key, { answer: own, life, sinceMs: this.#clock.monotonicMs() });
    this.#makeRoom();
  }

  #makeRoom(): void {
    for (const [key, kept] of this.#kept) {
      if (this.#kept.size <= this.#maxAnswers && this.#bytes <= this.#maxAnswers * AVERAGE_BYTES) return;
      this.#remove(key, kept);
    }
  }

  #add(key: string, kept: KeptAnswer): void {
    this.#kept.set(key, kept);
    this.#bytes += kept.answer.bytes.length;
  }

  #remove(key: string, kept: KeptAnswer): void {
    this.#kept.delete(key);
    this.#bytes -= kept.answer.bytes.length;
  }
}

/** In memory of its own: it may be part of a larger buffer, which would be kept with it. */
function ownAnswer({ bytes }: Message): Message | undefined {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  copy.writeUInt8(copy.readUInt8(2) & ~AUTHORITATIVE, 2); // that it was, does not make us
  return readMessage(copy);
}

/** A copy under the id of another query with the same question, which it may have written in another case. */
export function answerTo({ header, question }: Message, answer: Message): Message {
  const bytes = Buffer.from(answer.bytes);
  bytes.writeUInt16BE(header.id, 0);
  if (question !== undefined && answer.question !== undefined) question.bytes.copy(bytes, HEADER_BYTES);
  return { ...answer, header: { ...answer.header, id: header.id }, bytes };
}

function aged(answer: Message, { ttlOffsets }: AnswerLife, seconds: number): Message {
  for (const offset of ttlOffsets)
    answer.bytes.writeUInt32BE(answer.bytes.readUInt32BE(offset) - seconds, offset);
  return answer;
}
