// Who a caller is.

import { AgentError } from '../../runtime/errors.ts';

export interface Identity {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/** The caller has not shown who it is. The message says why and never repeats the token. */
export class AuthenticationError extends AgentError {}

/** Names of Kubernetes objects; nothing that would change the meaning of a SPIFFE id. */
const SUBJECT = /^system:serviceaccount:([a-z0-9.-]+):([a-z0-9.-]+)$/;

/** The subject of a service account's token, as Kubernetes writes it. */
export function subjectOf({ namespace, serviceAccount }: Identity): string {
  return `system:serviceaccount:${namespace}:${serviceAccount}`;
}

/** @throws AuthenticationError when the subject is not a service account */
export function identityOf(subject: unknown): Identity {
  const [, namespace, serviceAccount] = (typeof subject === 'string' ? SUBJECT.exec(subject) : null) ?? [];
  if (namespace === undefined || serviceAccount === undefined) {
    throw new AuthenticationError('the subject of the token is not a service account');
  }
  return { namespace, serviceAccount };
}
