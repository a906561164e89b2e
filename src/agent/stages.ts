// The stages of the start as upstream names them in its errors, so that whoever reads the log of a pod that does not
// come up finds the words he searches for. Upstream: pkg/istio-agent/agent.go Run.

import type { AgentConfig } from '../config/agent-config.ts';
import { AgentError, ConfigError, messageOf } from '../runtime/errors.ts';

export const GRPC_BOOTSTRAP = 'failed generating gRPC XDS bootstrap';
const GRPC_METADATA = `${GRPC_BOOTSTRAP}: failed generating node metadata`;
export const ENVOY_METADATA = 'failed to initialize envoy agent: failed to generate bootstrap metadata';
export const ENVOY_CONFIG = 'failed to initialize envoy agent: failed to generate bootstrap config';

/** Who is the first to compute the node's metadata, and so the one to complain of it. */
export function metadataStage({ env }: AgentConfig): string {
  return env.grpcBootstrapPath === '' ? ENVOY_METADATA : GRPC_METADATA;
}

/** The error of a stage: the same kind, the stage named. */
export function failedAt(stage: string, error: unknown): AgentError {
  const text = `${stage}: ${messageOf(error)}`;
  const options = { cause: error };
  return error instanceof ConfigError ? new ConfigError(text, options) : new AgentError(text, options);
}
