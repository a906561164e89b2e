// One question to one resolver, however it travels, and what counts as its answer.

import { readHeader, readMessage, HEADER_BYTES, type Message } from '../messages/message.ts';
import type { SocketAddress } from '../socket-address.ts';

export type Protocol = 'udp' | 'tcp';

/** What came of it: the resolver's message, whatever it says, or why there is none. */
export type Outcome = Message | Error;

export interface Question {
  /** As the client sent it. */
  readonly query: Message;
  readonly protocol: Protocol;
  readonly resolver: SocketAddress;
  /** How many times the query has come back to this server before. */
  readonly hops: number;
  /** Called once, unless the exchange is abandoned before. The message has the id that was sent, not the client's. */
  readonly ended: (outcome: Outcome) => void;
}

/** What an exchange travels over. */
export interface Carrier {
  /** The exchange is over. */
  readonly leave: (exchange: Exchange) => void;
}

export interface Exchange extends Question {
  /** Random, and no other exchange has it now. */
  readonly id: number;
  /** The query under this id. */
  readonly bytes: Buffer;
  carrier?: Carrier;
  waitsFor: 'connection' | 'answer';
}

/**
 * Whether a message under the id of the query answers its question. Resolvers leave the question out of some error
 * answers, and may write its name in another case.
 */
export function isAnswerTo(bytes: Buffer, query: Message): boolean {
  if (readHeader(bytes)?.isResponse !== true) return false;
  if (query.question === undefined || hasSameQuestion(bytes, query.question.bytes)) return true;
  const question = readMessage(bytes)?.question;
  if (question === undefined) return true;
  return sameQuestion(question, query.question);
}

/** The same type and class, and the same name in any case. */
export function sameQuestion(a: Message['question'], b: Message['question']): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.bytes.equals(b.bytes)) return true;
  return a.name !== undefined && a.name === b.name && a.bytes.subarray(-4).equals(b.bytes.subarray(-4));
}

/** True for the very same bytes, which nearly all answers have. */
function hasSameQuestion(bytes: Buffer, question: Buffer): boolean {
  const end = HEADER_BYTES + question.length;
  return bytes.length >= end && bytes.compare(question, 0, question.length, HEADER_BYTES, end) === 0;
}
