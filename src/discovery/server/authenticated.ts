// Who makes a call, by what it shows, with the refusal in the words clients know.

import { X509Certificate } from 'node:crypto';

import { status, type Metadata } from '@grpc/grpc-js';

import type { Log } from '../../runtime/log.ts';
import type { Caller } from '../auth/authenticator.ts';
import { AuthenticationError, type Identity } from '../auth/identity.ts';
import { CallError } from './call-error.ts';

/** @throws AuthenticationError */
export type Authenticate = (caller: Caller) => Promise<Identity>;

/** The part of a server's call that says who makes it. */
export interface AuthenticatedCall {
  readonly metadata: Metadata;
  /** With a certificate only when TLS has verified it. */
  getAuthContext(): { readonly sslPeerCertificate?: { readonly raw: Buffer } };
}

/**
 * Who makes a call.
 *
 * @param refusal how the service's clients know a refusal, for example `authentication failure`
 * @throws CallError UNAUTHENTICATED `<refusal>: <why>`
 */
export async function callerOf(
  call: AuthenticatedCall,
  authenticate: Authenticate,
  refusal: string,
  log: Log,
): Promise<Identity> {
  try {
    const { sslPeerCertificate: shown } = call.getAuthContext();
    return await authenticate({
      certificate: shown && new X509Certificate(shown.raw),
      authorization: call.metadata.get('authorization')[0]?.toString(),
    });
  } catch (error) {
    if (!(error instanceof AuthenticationError)) throw error;
    log.warn(`${refusal}: ${error.message}`);
    throw new CallError(status.UNAUTHENTICATED, `${refusal}: ${error.message}`, error);
  }
}
