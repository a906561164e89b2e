// The token in a call's metadata, checked, with the refusal in the words clients know.

import { status, type Metadata } from '@grpc/grpc-js';

import type { Log } from '../../runtime/log.ts';
import { AuthenticationError, type Identity } from '../auth/identity.ts';
import { CallError } from './call-error.ts';

/** @throws AuthenticationError */
export type Authenticate = (authorization: string | undefined) => Promise<Identity>;

/**
 * Who makes a call.
 *
 * @param refusal how the service's clients know a refusal, for example `authentication failure`
 * @throws CallError UNAUTHENTICATED `<refusal>: <why>`
 */
export async function callerOf(
  metadata: Metadata,
  authenticate: Authenticate,
  refusal: string,
  log: Log,
): Promise<Identity> {
  try {
    return await authenticate(metadata.get('authorization')[0]?.toString());
  } catch (error) {
    if (!(error instanceof AuthenticationError)) throw error;
    log.warn(`${refusal}: ${error.message}`);
    throw new CallError(status.UNAUTHENTICATED, `${refusal}: ${error.message}`, error);
  }
}
