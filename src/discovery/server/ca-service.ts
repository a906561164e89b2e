// The certificate service: what the caller shows decides the identity, the authority signs.

import { status, type sendUnaryData, type Server, type ServerUnaryCall } from '@grpc/grpc-js';

import type { Messages } from '../../proto/messages.ts';
import { messageOf } from '../../runtime/errors.ts';
import { bytesMethod } from '../../runtime/grpc.ts';
import type { Log } from '../../runtime/log.ts';
import { subjectOf, type Identity } from '../auth/identity.ts';
import { CsrError } from '../ca/certificate-authority.ts';
import { callerOf, type Authenticate } from './authenticated.ts';
import { CallError, decodeRequest, statusOf } from './call-error.ts';

export interface CaServiceDeps {
  readonly messages: Messages;
  readonly authenticate: Authenticate;
  /** @throws CsrError when the request cannot be signed as it is */
  readonly sign: (csrPem: string, identity: Identity, ttlSeconds: number) => Promise<string[]>;
  readonly log: Log;
}

const METHOD = '/istio.v1.auth.IstioCertificateService/CreateCertificate';
const REFUSAL = 'request authenticate failure';

export function registerCaService(server: Server, deps: CaServiceDeps): void {
  server.addService(
    { createCertificate: bytesMethod(METHOD, false) },
    {
      createCertificate: (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
        createCertificate(call, deps).then(
          (bytes) => reply(null, bytes),
          (error: unknown) => {
            if (!(error instanceof CallError)) deps.log.error(`CSR signing error: ${messageOf(error)}`);
            reply(statusOf(error));
          },
        );
      },
    },
  );
}

async function createCertificate(
  call: ServerUnaryCall<Buffer, Buffer>,
  { messages, authenticate, sign, log }: CaServiceDeps,
): Promise<Buffer> {
  const identity = await callerOf(call, authenticate, REFUSAL, log);
  const { csr, validityDuration } = decodeRequest(messages.certificateRequest, call.request);
  try {
    const certChain = await sign(csr, identity, validityDuration);
    log.info(`certificate issued for ${subjectOf(identity)}`);
    return messages.certificateResponse.encode({ certChain });
  } catch (error) {
    if (!(error instanceof CsrError)) throw error;
    throw new CallError(status.INVALID_ARGUMENT, `CSR signing error (${error.message})`, error);
  }
}
