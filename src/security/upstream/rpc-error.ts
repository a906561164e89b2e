// A failed call as an error: the text operators search for, which codes are worth another try, what the failure is
// about and what it means. Upstream counterpart: grpc-go status.Error and its default text.

import { status, type StatusObject } from '@grpc/grpc-js';

import { AgentError } from '../../runtime/errors.ts';
import { codeName } from '../../runtime/grpc-codes.ts';
import { maskShapes } from '../../runtime/redaction.ts';

const RETRYABLE: ReadonlySet<number> = new Set([
  status.CANCELLED,
  status.DEADLINE_EXCEEDED,
  status.RESOURCE_EXHAUSTED,
  status.ABORTED,
  status.INTERNAL,
  status.UNAVAILABLE,
]);

/** A connection that fails for a reason Node, OpenSSL or the resolver gives a text for. */
interface ConnectionFailure {
  readonly kind: string;
  readonly pattern: RegExp;
  /** What it means for whoever runs the mesh. @param rootName where the trust anchors come from */
  readonly hint: (rootName: string) => string;
}

/** The first that matches counts. */
const CONNECTION_FAILURES: readonly ConnectionFailure[] = [
  {
    kind: 'trust',
    pattern: /self-signed certificate|unable to (?:get|verify)|CERT_UNTRUSTED/i,
    hint: (rootName) => `the server's certificate is not signed by a root in ${rootName}`,
  },
  {
    kind: 'server name',
    pattern: /Hostname\/IP does not match/,
    hint: () => "the server's certificate is for another name",
  },
  {
    kind: 'server expired',
    pattern: /certificate has expired/,
    hint: () => "the server's certificate has expired",
  },
  {
    kind: 'DNS',
    pattern: /ENOTFOUND|EAI_AGAIN|Name resolution failed/,
    hint: () => 'the name does not resolve',
  },
  { kind: 'refused', pattern: /ECONNREFUSED/, hint: () => 'nothing listens at the address' },
  {
    kind: 'no TLS',
    pattern: /wrong version number|Parse Error|packet length too long/i,
    hint: () => 'the server does not speak TLS',
  },
];

const REFUSALS: ReadonlySet<number> = new Set([status.UNAUTHENTICATED, status.PERMISSION_DENIED]);

/** What the call was made with, as far as a message wants it. */
export interface CallFacts {
  /** Where the trust anchors of the connection come from. */
  readonly rootName?: string | undefined;
  /** Which credentials were shown, in words. */
  readonly shown?: string;
}

/** `rpc error: code = <Name> desc = <text>`, and in brackets what a failed connection means. */
export class RpcError extends AgentError {
  /** What the failure is about: equal for failures that one message is enough for. */
  readonly failureClass: string;
  /** Which credentials were refused, in words; undefined when it is not about them. */
  readonly refused: string | undefined;

  constructor(failure: Pick<StatusObject, 'code' | 'details'>, facts: CallFacts = {}, cause?: unknown) {
    const { code } = failure;
    const details = maskShapes(failure.details); // a server may quote the token it refuses
    const { rootName = 'the root certificate', shown } = facts;
    const connection = CONNECTION_FAILURES.find(({ pattern }) => pattern.test(details));
    const text = `rpc error: code = ${codeName(code)} desc = ${details}`;
    const hint = connection === undefined ? '' : ` (${connection.hint(rootName)})`;
    super(text + hint, { retryable: RETRYABLE.has(code), cause });
    this.failureClass = connection?.kind ?? text;
    this.refused = REFUSALS.has(code) ? shown : undefined;
  }
}
