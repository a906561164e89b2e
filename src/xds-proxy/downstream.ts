// Envoy's end of a stream, as the rest of the proxy sees it, and that of grpc-js behind it.

import { status as Status, type ServerDuplexStream } from '@grpc/grpc-js';

import type { GivenStatus, GivenStatuses } from './given-statuses.ts';

export interface Downstream {
  /** Begins to read, and never stops: a request is taken whatever happens on the other side. Called once. */
  readonly listen: (listener: DownstreamListener) => void;
  /** Resolves when the transport has taken the bytes; on a stream that is gone it may stay pending. */
  readonly write: (bytes: Buffer) => Promise<void>;
  /** Ends the stream with a status once what was written has gone out; does nothing when it is gone. */
  readonly end: (code: Status, details: string) => void;
}

export interface DownstreamListener {
  readonly onRequest: (bytes: Buffer) => void;
  /** Envoy sends nothing more, in order. */
  readonly onHalfClose: () => void;
  /**
   * The stream is gone; also after our own end of it.
   *
   * @param given with what status it was ended on our side, for example by the transport; undefined: Envoy has left
   */
  readonly onGone: (given?: GivenStatus) => void;
}

export type ServerCall = ServerDuplexStream<Buffer, Buffer>;

/** @param statuses of the server the call belongs to */
export function grpcDownstream(call: ServerCall, statuses: GivenStatuses): Downstream {
  return {
    listen: ({ onRequest, onHalfClose, onGone }) => {
      call.on('data', onRequest);
      // A cut stream says `end` too, and `cancelled` in the same turn of the event loop.
      call.once('end', () => setImmediate(onHalfClose));
      call.once('cancelled', () => onGone(withRemedy(statuses.of(call))));
    },
    write: (bytes) =>
      new Promise((resolve, reject) => {
        call.write(bytes, (error: Error | null | undefined) => (error ? reject(error) : resolve()));
      }),
    end: (code, details) => {
      if (code === Status.OK) call.end();
      else call.emit('error', { code, details }); // the one way of grpc-js to end with a status; destroy() sends none
    },
  };
}

/** The one limit of the server itself is that of a request; grpc-js names the sizes and not the setting. */
function withRemedy(given: GivenStatus | undefined): GivenStatus | undefined {
  if (given?.code !== Status.RESOURCE_EXHAUSTED) return given;
  return { ...given, details: `${given.details}; ISTIO_GPRC_MAXRECVMSGSIZE is the limit of a request` };
}
