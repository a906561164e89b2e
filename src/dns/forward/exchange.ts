// One question to one resolver, over a socket of its own. The random source port and the random id are what keeps
// others from answering in its place; answers that do not match are passed over.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, isIPv6, type Socket } from 'node:net';

import type { Clock } from '../../runtime/clock.ts';
import { AgentError } from '../../runtime/errors.ts';
import { abortable } from '../../runtime/tasks.ts';
import { withTimeLimit } from '../../runtime/time-limit.ts';
import { readHeader, readMessage, type Message } from '../messages/message.ts';
import { addressText, type SocketAddress } from '../socket-address.ts';
import { frame, framedMessages } from '../listen/tcp-frames.ts';

export type Protocol = 'udp' | 'tcp';

export interface ExchangeLimits {
  readonly clock: Pick<Clock, 'sleep'>;
  /** Of connecting, and of the answer after that. */
  readonly timeoutMs: number;
}

/**
 * The resolver's answer, whatever it says.
 *
 * @throws AgentError when none comes in time, or one that cannot be read; the signal's reason when it aborts
 */
export async function exchange(
  protocol: Protocol,
  query: Message,
  resolver: SocketAddress,
  limits: ExchangeLimits,
  signal: AbortSignal,
): Promise<Message> {
  const bytes = await (protocol === 'udp' ? overUdp : overTcp)(query, resolver, limits, signal);
  const answer = readMessage(bytes);
  if (answer === undefined)
    throw new AgentError(`${addressText(resolver)} sent an answer that is no message`);
  return answer;
}

async function overUdp(
  query: Message,
  resolver: SocketAddress,
  limits: ExchangeLimits,
  signal: AbortSignal,
): Promise<Buffer> {
  const { host, port } = resolver;
  const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
  const answer = Promise.withResolvers<Buffer>();
  // a connected socket hears only its peer, and hears when nobody listens there
  socket.on('error', answer.reject);
  socket.on('message', (bytes) => {
    if (isAnswerTo(bytes, query)) answer.resolve(bytes);
  });
  socket.on('connect', () => socket.send(query.bytes, (error) => error && answer.reject(error)));
  try {
    return await withTimeLimit(answerLimit(limits, resolver), signal, (until) => {
      socket.connect(port, host);
      return abortable(answer.promise, until);
    });
  } finally {
    socket.close();
  }
}

async function overTcp(
  query: Message,
  resolver: SocketAddress,
  limits: ExchangeLimits,
  signal: AbortSignal,
): Promise<Buffer> {
  const socket = connect(resolver);
  socket.on('error', () => undefined); // told by what waits for the connection or reads from it
  try {
    const connecting = {
      ...answerLimit(limits, resolver),
      late: `no connection to ${addressText(resolver)}`,
    };
    await withTimeLimit(connecting, signal, (until) => once(socket, 'connect', { signal: until }));
    socket.write(frame(query.bytes));
    return await withTimeLimit(answerLimit(limits, resolver), signal, (until) =>
      abortable(firstAnswer(socket, query), until),
    );
  } finally {
    socket.destroy();
  }
}

async function firstAnswer(socket: Socket, query: Message): Promise<Buffer> {
  for await (const bytes of framedMessages(socket)) if (isAnswerTo(bytes, query)) return bytes;
  throw new AgentError('the connection ended before an answer came', { retryable: true });
}

/** Resolvers leave the question out of some error answers, and may write its name in another case. */
function isAnswerTo(bytes: Buffer, query: Message): boolean {
  const header = readHeader(bytes);
  if (header === undefined || !header.isResponse || header.id !== query.header.id) return false;
  const question = readMessage(bytes)?.question;
  if (question === undefined || query.question === undefined) return true;
  const sameName =
    question.name === undefined
      ? question.bytes.equals(query.question.bytes)
      : question.name === query.question.name;
  return sameName && question.type === query.question.type;
}

function answerLimit({ clock, timeoutMs: ms }: ExchangeLimits, resolver: SocketAddress) {
  return { clock, ms, late: `no answer from ${addressText(resolver)} within ${ms} ms` };
}
