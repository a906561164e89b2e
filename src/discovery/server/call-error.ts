// An error whose status and text the caller is to see.

import { status } from '@grpc/grpc-js';

import type { Codec } from '../../proto/messages.ts';
import { AgentError, messageOf } from '../../runtime/errors.ts';

export class CallError extends AgentError {
  readonly code: status;

  constructor(code: status, message: string, cause?: unknown) {
    super(message, { cause });
    this.code = code;
  }
}

/** @throws CallError INVALID_ARGUMENT when the bytes are not such a message */
export function decodeRequest<T>(codec: Codec<T>, bytes: Uint8Array): T {
  try {
    return codec.decode(bytes);
  } catch (error) {
    throw new CallError(status.INVALID_ARGUMENT, `malformed request: ${messageOf(error)}`, error);
  }
}

/** What gRPC puts on the wire for anything thrown; of an error nobody foresaw the caller learns only that. */
export function statusOf(thrown: unknown): { readonly code: status; readonly details: string } {
  if (thrown instanceof CallError) return { code: thrown.code, details: messageOf(thrown) };
  return { code: status.INTERNAL, details: 'internal error of the control plane' };
}
