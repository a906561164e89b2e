// An error whose status and text the caller is to see.

import { status } from '@grpc/grpc-js';

import { AgentError, messageOf } from '../../runtime/errors.ts';

export class CallError extends AgentError {
  readonly code: status;

  constructor(code: status, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** What gRPC puts on the wire for anything thrown; of an error nobody foresaw the caller learns only that. */
export function statusOf(thrown: unknown): { readonly code: status; readonly details: string } {
  if (thrown instanceof CallError) return { code: thrown.code, details: messageOf(thrown) };
  return { code: status.INTERNAL, details: 'internal error of the control plane' };
}
