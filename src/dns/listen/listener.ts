// What the UDP and the TCP side of the DNS server have in common.

import type { Clock } from '../../runtime/clock.ts';
import type { Log } from '../../runtime/log.ts';
import type { Protocol } from '../forward/exchange.ts';
import type { Reply } from '../responder.ts';
import type { SocketAddress } from '../socket-address.ts';

export interface ListenerDeps {
  /** At once where that is possible. Undefined: no reply is sent. */
  readonly reply: (bytes: Buffer, protocol: Protocol) => Reply | Promise<Reply>;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
  /** Ends what is under way. */
  readonly signal: AbortSignal;
}

export interface Listener {
  readonly protocol: Protocol;
  /** With the port that was bound. */
  readonly address: SocketAddress;
  readonly close: () => Promise<void>;
}
