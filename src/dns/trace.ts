// One debug line for each query: what was asked, what was said, and by whom. While nobody reads debug lines, it costs no
// more than asking whether somebody does.

import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { ListenerDeps } from './listen/listener.ts';
import { readHeader, readMessage, TYPE, type Message } from './messages/message.ts';
import type { LookupTable } from './names/lookup-table.ts';

type Answer = ListenerDeps['reply'];

export interface TraceDeps {
  readonly log: Log;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly table: () => LookupTable | undefined;
}

const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

/** Does as `answer`, and tells. */
export function traced(answer: Answer, { log, clock, table }: TraceDeps): Answer {
  return (bytes, protocol) => {
    if (!log.isOn('debug')) return answer(bytes, protocol);
    const startedMs = clock.monotonicMs();
    const known = table(); // a newer one may come before the reply
    const tell = (reply: Buffer | undefined): Buffer | undefined => {
      const tookMs = (clock.monotonicMs() - startedMs).toFixed(1);
      log.debug(`${protocol} ${question(bytes)}: ${outcome(reply)}${source(bytes, known)}, ${tookMs} ms`);
      return reply;
    };
    const reply = answer(bytes, protocol);
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

function outcome(reply: Buffer | undefined): string {
  const header = reply && readHeader(reply);
  if (reply === undefined || header === undefined) return 'no reply';
  const code = reply.readUInt16BE(2) & 0xf;
  return `${RCODES[code] ?? `RCODE ${code}`}, ${header.answers} answers`;
}

function source(bytes: Buffer, table: LookupTable | undefined): string {
  if (table === undefined) return ', no name table yet';
  const query = readMessage(bytes);
  if (query === undefined || query.header.isResponse) return '';
  return isOfTable(query, table) ? ', of the name table' : ', not of the name table';
}

function isOfTable({ question: asked }: Message, table: LookupTable): boolean {
  if (asked?.name === undefined || (asked.type !== TYPE.A && asked.type !== TYPE.AAAA)) return false;
  return table.find(asked.name) !== undefined;
}
