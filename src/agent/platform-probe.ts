// The question on which cloud this instance runs, asked beside the start and given up with the agent.

import type { AgentConfig } from '../config/agent-config.ts';
import { ipMode } from '../node/addressing.ts';
import { detectPlatform, type PlatformDeps, type PlatformSettings } from '../node/platform/detection.ts';
import { UNKNOWN_PLATFORM, type Platform } from '../node/platform/platform.ts';
import { AgentError } from '../runtime/errors.ts';

export class PlatformProbe implements AsyncDisposable {
  /** Five seconds after the start at the latest. Never rejects: given up, the platform is unknown. */
  readonly answer: Promise<Platform>;
  readonly #closing = new AbortController();

  /** Asks at once. */
  constructor(settings: PlatformSettings, deps: PlatformDeps, signal: AbortSignal) {
    const until = AbortSignal.any([signal, this.#closing.signal]);
    this.answer = detectPlatform(settings, deps, until).catch((error: unknown) => {
      if (!until.aborted) deps.log.warn('the platform is unknown', { error: String(error) });
      return UNKNOWN_PLATFORM;
    });
  }

  async close(): Promise<void> {
    this.#closing.abort(new AgentError('the agent is ending'));
    await this.answer;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

export function platformSettings(config: AgentConfig, instanceIps: readonly string[]): PlatformSettings {
  const { env, environment } = config;
  return {
    choice: env.cloudPlatform,
    hasIpv6: ipMode(instanceIps) !== 'IPv4',
    inKubernetes: environment.KUBERNETES_SERVICE_HOST !== undefined,
    gcp: {
      metadata: env.gcpMetadata,
      quotaProject: env.gcpQuotaProject,
      zone: env.gcpZone,
      metadataHost: env.gceMetadataHost,
    },
  };
}
