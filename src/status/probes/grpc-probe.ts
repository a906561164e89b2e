// grpc: one call of grpc.health.v1.Health/Check in clear. Loaded with the first probe of this kind.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/server.go handleAppProbeGRPC.

import { once } from 'node:events';
import type { ClientHttp2Session, ClientHttp2Stream } from 'node:http2';
import { connect, type TcpNetConnectOpts } from 'node:net';

import { messageOf } from '../../runtime/errors.ts';
import { opened } from './connection.ts';
import { checkAnswer, checkRequest, MAX_MESSAGE_BYTES } from './grpc-health.ts';
import { answered, http2Session, type AnswerHeaders } from './http2-session.ts';
import { GrpcConnectError, GrpcStatusError, ProbeError, type ProbeResult } from './probe.ts';

export interface GrpcCheck {
  /** Empty: the server as a whole. */
  readonly service: string;
  readonly connection: TcpNetConnectOpts;
  /** `host:port` */
  readonly authority: string;
  readonly userAgent: string | undefined;
  readonly timeoutMs: number;
}

/** Eight digits are all that the header may have. */
const LONGEST_TIMEOUT_MS = 99_999_999;

/** @throws GrpcConnectError, GrpcStatusError, ProbeError, what broke the connection, or the signal's reason */
export async function grpcProbe(check: GrpcCheck, signal: AbortSignal): Promise<ProbeResult> {
  const session = await openSession(check, signal);
  try {
    const status = await servingStatus(session, check, signal);
    if (status !== 'SERVING') throw new ProbeError(`the service is ${status}`);
    return { status: 200 };
  } finally {
    session.destroy();
  }
}

async function openSession({ connection }: GrpcCheck, signal: AbortSignal): Promise<ClientHttp2Session> {
  try {
    const socket = connect(connection);
    await opened(socket, 'connect', signal);
    return http2Session(socket);
  } catch (error) {
    throw new GrpcConnectError(messageOf(error), { cause: error });
  }
}

async function servingStatus(
  session: ClientHttp2Session,
  check: GrpcCheck,
  signal: AbortSignal,
): Promise<string> {
  const stream = session.request(requestHeaders(check));
  const closed = once(stream, 'close').catch(() => undefined); // an error is told to those who read
  let trailers: AnswerHeaders = {};
  stream.once('trailers', (fields: AnswerHeaders) => (trailers = fields));
  stream.end(checkRequest(check.service));
  const headers = await answered(stream, signal);
  refuseOtherAnswers(headers);
  const body = await wholeBody(stream, signal);
  await closed;
  refuseOtherStatus({ ...headers, ...trailers });
  return checkAnswer(body);
}

function requestHeaders({ authority, userAgent, timeoutMs }: GrpcCheck): Record<string, string> {
  return {
    ':method': 'POST',
    ':scheme': 'http',
    ':authority': authority,
    ':path': '/grpc.health.v1.Health/Check',
    'content-type': 'application/grpc',
    te: 'trailers',
    'grpc-timeout': `${Math.min(timeoutMs, LONGEST_TIMEOUT_MS)}m`,
    ...(userAgent !== undefined && { 'user-agent': userAgent }),
  };
}

/** What HTTP statuses mean where something else than a gRPC server answers, as gRPC's documentation maps them. */
const CODE_OF_HTTP: Readonly<Record<number, number>> = {
  400: 13,
  401: 16,
  403: 7,
  404: 12,
  429: 14,
  502: 14,
  503: 14,
  504: 14,
};

const UNKNOWN_CODE = 2;

function refuseOtherAnswers(headers: AnswerHeaders): void {
  const httpStatus = Number(headers[':status']);
  const contentType = headers['content-type'] ?? '';
  if (/^application\/grpc(?:$|[+;])/i.test(contentType)) return;
  const code = CODE_OF_HTTP[httpStatus] ?? UNKNOWN_CODE;
  const what = `HTTP status ${httpStatus} and content type ${JSON.stringify(contentType)}`;
  throw new GrpcStatusError(code, `unexpected answer from server: ${what}`);
}

/** The status stands in the trailers, or in the headers of an answer that has nothing else. */
function refuseOtherStatus(fields: AnswerHeaders): void {
  const status = fields['grpc-status'];
  if (status === undefined)
    throw new GrpcStatusError(UNKNOWN_CODE, 'server closed the stream without status');
  if (Number(status) !== 0)
    throw new GrpcStatusError(Number(status), decoded([fields['grpc-message'] ?? ''].join()));
}

/** A message travels percent-encoded; one that is not stays as it is. */
function decoded(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}

async function wholeBody(stream: ClientHttp2Stream, signal: AbortSignal): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > MAX_MESSAGE_BYTES)
        throw new ProbeError(`the answer is longer than ${MAX_MESSAGE_BYTES} bytes`);
    }
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  }
  return Buffer.concat(chunks);
}
