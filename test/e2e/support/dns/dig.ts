// Asks a DNS server with dig, a client that is not ours.

import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';

import { parse } from 'yaml';

import type { SocketAddress } from '../../../../src/dns/socket-address.ts';

/** A name, and what is asked about it; an address record if nothing else is said. */
export type Asked = string | readonly [name: string, type: string];

export interface DigReply {
  readonly status: string;
  /** As dig writes them: `qr aa rd`. */
  readonly flags: readonly string[];
  /** `owner TTL IN type data`, one text each. */
  readonly answers: readonly string[];
  readonly sizeBytes: number;
  /** From the question to the answer. */
  readonly tookMs: number;
}

interface DigMessage {
  readonly query_time: Date;
  readonly response_time: Date;
  readonly message_size: string;
  readonly response_message_data: {
    readonly status: string;
    readonly flags: string;
    readonly ANSWER_SECTION?: readonly string[];
  };
}

/** Each with one reply within 5 s, and no second try. */
const OPTIONS = ['+yaml', '+tries=1', '+time=5', '+ignore', '+nocookie'];

/** Why dig cannot be asked here; undefined when it can. */
export function digObstacle(): string | undefined {
  return spawnSync('dig', ['-v']).error === undefined ? undefined : 'dig is not installed';
}

/**
 * The replies to some questions, one after the other.
 *
 * @param options of dig, such as `+tcp` or `+noedns`
 * @throws when one of them is not answered
 */
export async function dig(
  { host, port }: SocketAddress,
  questions: readonly Asked[],
  options: readonly string[] = [],
): Promise<DigReply[]> {
  const words = questions.flatMap((each) => (typeof each === 'string' ? [each, 'A'] : each));
  const args = [`@${host}`, '-p', String(port), ...OPTIONS, ...options, ...words];
  const { stdout } = await promisify(execFile)('dig', args);
  const replies = parse(stdout, { customTags: ['timestamp'] }) as readonly { readonly message: DigMessage }[];
  return replies.map(({ message }) => replyOf(message));
}

function replyOf(message: DigMessage): DigReply {
  const { status, flags, ANSWER_SECTION: answers = [] } = message.response_message_data;
  return {
    status,
    flags: flags.split(' '),
    answers,
    sizeBytes: Number.parseInt(message.message_size, 10),
    tookMs: message.response_time.getTime() - message.query_time.getTime(),
  };
}
