// The gRPC bootstrap as a file, for applications in other containers of the pod: readable for all, and still there
// when the agent has ended. Upstream: pkg/istio-agent/grpcxds/grpc_bootstrap.go, agent.go generateGRPCBootstrap.

import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';

import { writeFileAtomic } from '../runtime/files.ts';
import type { JsonObject } from '../runtime/json.ts';

/**
 * Writes the file as a whole.
 *
 * @throws the system's error when that is not possible
 */
export async function writeGrpcBootstrap(path: string, document: JsonObject): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await writeFileAtomic(path, `${JSON.stringify(document, null, 2)}\n`, 0o644);
}
