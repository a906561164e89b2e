// Asks a server for its health as a kubelet's grpc probe does.

import { Client, credentials, type ServiceError } from '@grpc/grpc-js';

const METHOD = '/grpc.health.v1.Health/Check';
const SERVING = 1;

/** @throws Error with what the server says when it does not serve */
export async function checkGrpcHealth(
  address: string,
  service: string,
  { userAgent, deadline }: { readonly userAgent: string; readonly deadline: Date },
): Promise<void> {
  const client = new Client(address, credentials.createInsecure(), { 'grpc.primary_user_agent': userAgent });
  try {
    const status = await new Promise<number>((resolve, reject) => {
      const done = (error: ServiceError | null, answer?: number): void =>
        error === null ? resolve(answer ?? 0) : reject(error);
      client.makeUnaryRequest(METHOD, encodeService, decodeStatus, service, { deadline }, done);
    });
    if (status !== SERVING) throw new Error(`the service is not serving (status ${status})`);
  } finally {
    client.close();
  }
}

/** HealthCheckRequest: field 1 is the service's name. */
function encodeService(service: string): Buffer {
  const name = Buffer.from(service);
  return name.length === 0 ? name : Buffer.concat([Buffer.of(0x0a, name.length), name]);
}

/** HealthCheckResponse: field 1 is the status, absent when it is 0. */
function decodeStatus(message: Buffer): number {
  return message[0] === 0x08 ? (message[1] ?? 0) : 0;
}
