// What the log says about a probe that failed, in the reference's words.

import type { AppProbe } from '../../config/app-probers.ts';
import { goQuote } from '../../config/go-quote.ts';
import { messageOf } from '../../runtime/errors.ts';
import { excerpt } from '../../runtime/excerpt.ts';
import { withSlash } from './http-probe.ts';
import { GrpcConnectError, GrpcStatusError, ProbeTimeout } from './probe.ts';

const DEADLINE_EXCEEDED = 4;
const UNIMPLEMENTED = 12;

/** @param path under which the kubelet asked */
export function failureLine(probe: AppProbe, path: string, error: unknown): string {
  const why = visible(messageOf(error));
  if (probe.kind === 'grpc') return `${grpcFailure(error)}: ${why}`;
  const line = `Request to probe app failed: ${why}, original URL path = ${visible(path)}`;
  return probe.kind === 'tcp' ? line : `${line}\napp URL path = ${visible(withSlash(probe.path))}`;
}

function grpcFailure(error: unknown): string {
  if (error instanceof GrpcConnectError) return 'Failed to create grpc connection to probe app';
  const code = error instanceof GrpcStatusError ? error.code : undefined;
  if (error instanceof ProbeTimeout || code === DEADLINE_EXCEEDED) {
    return 'grpc request not finished within timeout';
  }
  return code === UNIMPLEMENTED
    ? 'server does not implement the grpc health protocol (grpc.health.v1.Health)'
    : 'grpc probe failed';
}

/** Applications and callers write some of it, and a line of ours must stay a line. */
export function visible(text: string): string {
  return excerpt(text.replaceAll(/[\p{Cc}\u2028\u2029]/gu, (found) => goQuote(found).slice(1, -1)));
}
