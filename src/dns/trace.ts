// One debug line for each query: what was asked, what was said, and by whom. While nobody reads debug lines, it costs no
// more than asking whether somebody does.

import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { ListenerDeps } from './listen/listener.ts';
import { readHeader, readMessage, TYPE } from './messages/message.ts';
import type { Reply, ReplySource, Responder } from './responder.ts';

export interface TraceDeps {
  readonly log: Log;
  readonly clock: Pick<Clock, 'monotonicMs'>;
}

const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

/** Does as `answer`, and tells. */
export function traced(answer: Responder['reply'], { log, clock }: TraceDeps): ListenerDeps['reply'] {
  return (bytes, protocol) => {
    if (!log.isOn('debug')) return answer(bytes, protocol);
    const startedMs = clock.monotonicMs();
    let source: ReplySource | undefined;
    const tell = (reply: Reply): Reply => {
      const took = `${(clock.monotonicMs() - startedMs).toFixed(1)} ms`;
      const told = [outcome(reply), source, took].filter((each) => each !== undefined);
      log.debug(`${protocol} ${question(bytes)}: ${told.join(', ')}`);
      return reply;
    };
    const reply = answer(bytes, protocol, (said) => {
      source = said;
    });
    return reply instanceof Promise ? reply.then(tell) : tell(reply);
  };
}

function question(bytes: Buffer): string {
  const asked = readMessage(bytes)?.question;
  if (asked === undefined) return `${bytes.length} bytes without a question`;
  return `${asked.name ?? 'a name that is no host name'} ${typeName(asked.type)}`;
}

function typeName(type: number): string {
  return Object.entries(TYPE).find(([, each]) => each === type)?.[0] ?? `TYPE${type}`;
}

function outcome(reply: Reply): string {
  const header = reply && readHeader(reply);
  if (reply === undefined || header === undefined) return 'no reply';
  const code = reply.readUInt16BE(2) & 0xf;
  return `${RCODES[code] ?? `RCODE ${code}`}, ${header.answers} answers`;
}
