// A token on request, without the service running: what `agent discovery token` prints. Loads no gRPC.

import { mkdir } from 'node:fs/promises';

import type { Clock } from '../runtime/clock.ts';
import { SECOND_MS } from '../runtime/duration.ts';
import { ConfigError } from '../runtime/errors.ts';
import { AuthenticationError, identityOf, subjectOf, type Identity } from './auth/identity.ts';
import { TokenIssuer } from './auth/token-issuer.ts';

export interface TokenRequest extends Identity {
  /** The directory the service keeps its keys in; made when it is not there. */
  readonly stateDirectory: string;
  /** At least one second. */
  readonly ttlMs: number;
}

/** @throws ConfigError for names no service account can have, or a lifetime below a second */
export async function issueToken(request: TokenRequest, clock: Clock): Promise<string> {
  const { stateDirectory, namespace, serviceAccount, ttlMs } = request;
  assertIdentity(request);
  if (ttlMs < SECOND_MS) throw new ConfigError('the lifetime of a token is at least 1s');
  await mkdir(stateDirectory, { recursive: true });
  const issuer = await TokenIssuer.open(stateDirectory);
  return issuer.issue({ namespace, serviceAccount }, clock.now(), Math.floor(ttlMs / SECOND_MS));
}

function assertIdentity(identity: Identity): void {
  try {
    identityOf(subjectOf(identity));
  } catch (error) {
    if (!(error instanceof AuthenticationError)) throw error;
    const { namespace, serviceAccount } = identity;
    throw new ConfigError(
      `"${namespace}" and "${serviceAccount}" must be the names of a namespace and a service account`,
      { cause: error },
    );
  }
}
