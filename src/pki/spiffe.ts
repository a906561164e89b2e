// SPIFFE ids of a workload: `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`.

import { AgentError } from '../runtime/errors.ts';

export interface SpiffeId {
  readonly trustDomain: string;
  readonly namespace: string;
  readonly serviceAccount: string;
}

const FORM = /^spiffe:\/\/([^/]*)\/ns\/([^/]*)\/sa\/([^/]*)$/;

/** Nothing is escaped, and empty parts stay empty: the CA overrides them. */
export function formatSpiffeId({ trustDomain, namespace, serviceAccount }: SpiffeId): string {
  return `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`;
}

/** @throws AgentError `identity is not a spiffe format` */
export function parseSpiffeId(text: string): SpiffeId {
  const [, trustDomain, namespace, serviceAccount] = FORM.exec(text) ?? [];
  if (trustDomain === undefined || namespace === undefined || serviceAccount === undefined) {
    throw new AgentError('identity is not a spiffe format');
  }
  return { trustDomain, namespace, serviceAccount };
}
