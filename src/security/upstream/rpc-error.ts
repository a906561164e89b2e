// A failed call as an error: the text operators search for, which codes are worth another try, and a hint at the
// cause in words. Upstream counterpart: grpc-go status.Error and its default text.

import { status, type StatusObject } from '@grpc/grpc-js';

import { AgentError } from '../../runtime/errors.ts';
import { codeName } from '../../runtime/grpc-codes.ts';

const RETRYABLE: ReadonlySet<number> = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.ABORTED,
  status.INTERNAL,
  status.UNAVAILABLE,
]);

/** `rpc error: code = <Name> desc = <text>`, then a hint in brackets where there is one. */
export class RpcError extends AgentError {
  readonly code: number;

  /** @param rootName where the trust anchors of the connection come from, for the hint */
  constructor(failure: Pick<StatusObject, 'code' | 'details'>, rootName?: string, cause?: unknown) {
    const { code, details } = failure;
    const hint = connectionHint(details, rootName);
    const text = `rpc error: code = ${codeName(code)} desc = ${details}`;
    super(hint === undefined ? text : `${text} (${hint})`, { retryable: RETRYABLE.has(code), cause });
    this.code = code;
  }
}

/**
 * What a connection error of Node or OpenSSL means for whoever runs the mesh.
 *
 * @param rootName where the trust anchors of the connection come from
 * @returns undefined when the text speaks for itself
 */
export function connectionHint(details: string, rootName = 'the root certificate'): string | undefined {
  const untrusted = /self-signed certificate|unable to (?:get|verify)|CERT_UNTRUSTED/i;
  if (untrusted.test(details)) return `the server's certificate is not signed by a root in ${rootName}`;
  if (/Hostname\/IP does not match/.test(details)) return "the server's certificate is for another name";
  if (/certificate has expired/.test(details)) return "the server's certificate has expired";
  if (/ENOTFOUND|EAI_AGAIN|Name resolution failed/.test(details)) return 'the name does not resolve';
  if (/ECONNREFUSED/.test(details)) return 'nothing listens at the address';
  if (/wrong version number|Parse Error|packet length too long/i.test(details))
    return 'the server does not speak TLS';
  return undefined;
}
