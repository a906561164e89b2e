// How a stream for secrets can end: what Envoy or its connection does in the course of things, and what went wrong.
// Upstream counterpart: istio pkg/istio-agent/grpcxds isExpectedGRPCError.

import { status as Status } from '@grpc/grpc-js';

import { AgentError, messageOf } from '../runtime/errors.ts';

/** Ends a stream with this gRPC status. */
export class StreamFailure extends AgentError {
  readonly code: Status;

  constructor(code: Status, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** The source has no such secret now; the client asks again. */
export class SecretNotGiven extends StreamFailure {
  readonly secret: string;

  constructor(secret: string, cause: unknown) {
    super(Status.UNKNOWN, `failed to generate secret for ${secret}: ${messageOf(cause)}`, cause);
    this.secret = secret;
  }
}

/** The client has ended the stream, or the server closes: nothing went wrong. */
export class StreamOver extends AgentError {}

const CODES = Object.values(Status).filter((value) => typeof value === 'number');

/** What grpc says with UNAVAILABLE when the other end is simply gone. */
const GONE = ['client disconnected', 'error reading from server: EOF', 'transport is closing'];

/** Whether a stream that ended with this ended as streams do. */
export function isNormalEnd(error: unknown): boolean {
  if (error instanceof StreamOver) return true;
  const code = codeOf(error);
  if (code === Status.CANCELLED || code === Status.DEADLINE_EXCEEDED) return true;
  return code === Status.UNAVAILABLE && GONE.some((text) => messageOf(error).includes(text));
}

/** The status a stream ends with. */
export function codeOf(error: unknown): Status {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return CODES.find((known) => known === code) ?? Status.INTERNAL;
}
