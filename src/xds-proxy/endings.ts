// How a stream ended, and what class of ending that is: the class decides log level and counter.
// Upstream counterpart: istio pkg/istio-agent/xds_proxy.go and pilot/pkg/grpc.

import { status as Status } from '@grpc/grpc-js';

import { AgentError } from '../runtime/errors.ts';

/** `agent`: the agent ended the stream itself, because a newer one replaced it or because it stops. */
export type Side = 'upstream' | 'downstream' | 'agent';

export type EndingClass = 'graceful' | 'expected' | 'unexpected';

/** The end of a stream with its gRPC status. Also the reason with which everything that waits on the stream aborts. */
export class Ending extends AgentError {
  readonly side: Side;
  /** gRPC status code, handed to the other side unchanged. */
  readonly code: Status;
  readonly details: string;

  constructor(side: Side, code: Status, details: string, cause?: unknown) {
    super(`${code} ${Status[code]}: ${details}`, { retryable: true, cause });
    this.side = side;
    this.code = code;
    this.details = details;
  }

  get class(): EndingClass {
    return classifyEnding(this.code, this.details);
  }
}

/** A lost connection in the words of Go's gRPC and, last, of grpc-js. */
const LOST_CONNECTION = [
  'client disconnected',
  'error reading from server: EOF',
  'transport is closing',
  'Connection dropped',
];

/** An orderly reset or GOAWAY in the words of Go's gRPC and, last, of grpc-js. */
const ORDERLY_RESET = [
  'stream terminated by RST_STREAM with error code: NO_ERROR',
  'received prior goaway: code: NO_ERROR',
  'Received RST_STREAM with code 0 ',
];

/** @see istio 1.31 pilot/pkg/grpc GRPCErrorType */
export function classifyEnding(code: Status, details: string): EndingClass {
  if (code === Status.OK) return 'graceful';
  if (code === Status.CANCELLED || code === Status.DEADLINE_EXCEEDED) return 'expected';
  const contains = (text: string): boolean => details.includes(text);
  if (code === Status.UNAVAILABLE && LOST_CONNECTION.some(contains)) return 'expected';
  return ORDERLY_RESET.some(contains) ? 'expected' : 'unexpected';
}
