// The words that the kinds of probes share: who asks, what comes back, and how a probe fails.

import type { Readable } from 'node:stream';

import { AgentError } from '../../runtime/errors.ts';
import { codeName } from '../../runtime/grpc-codes.ts';

/** What of the kubelet's own request reaches the application. */
export interface ProbeCall {
  /** Names and values in turn, as they arrived. */
  readonly rawHeaders: readonly string[];
  /** Empty where there was none. */
  readonly host: string;
}

/** What the kubelet is told. */
export interface ProbeResult {
  readonly status: number;
  readonly body?: Buffer;
}

/** Where one request goes. */
export interface ProbeTarget {
  readonly tls: boolean;
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** As the request line has it: path and query, escaped. */
  readonly path: string;
}

/** One GET of the application. */
export interface AppRequest {
  readonly target: ProbeTarget;
  /** Names and values in turn; without Host. */
  readonly headers: readonly string[];
  readonly host: string;
}

/** The application's answer; whoever holds it reads its body to the end or destroys it, which ends the connection. */
export interface AppAnswer {
  readonly status: number;
  /** Of a redirect; undefined where the header is missing. */
  readonly location: string | undefined;
  readonly body: Readable;
}

/** The application did not answer as a probe asks for. */
export class ProbeError extends AgentError {}

/** The probe's own time limit is over. */
export class ProbeTimeout extends ProbeError {}

/** A kept connection that the application had closed; the same request may be sent over another one. */
export class StaleConnection extends ProbeError {}

/** There is no connection to the application's gRPC port. */
export class GrpcConnectError extends ProbeError {}

/** The call ended with another status than OK; the message is grpc-go's. */
export class GrpcStatusError extends ProbeError {
  readonly code: number;

  constructor(code: number, description: string) {
    super(`rpc error: code = ${codeName(code)} desc = ${description}`);
    this.code = code;
  }
}
