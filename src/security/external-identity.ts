// The workload's secrets when somebody else gives them to Envoy: another SDS server, or mounted files. Nothing is
// signed here, nothing known, and every name is refused.

import { AgentError } from '../runtime/errors.ts';
import { aborted } from '../runtime/tasks.ts';
import { SecretError, type SecretItem } from './secret-item.ts';
import type { CertificateStatus, SecretManager } from './secret-manager.ts';

/** What the rest of the agent asks of the workload's secrets, whoever gives them. */
export type WorkloadSecrets = Pick<
  SecretManager,
  'run' | 'get' | 'onChange' | 'rotateNow' | 'facts' | typeof Symbol.asyncDispose
>;

export class ExternalIdentity implements WorkloadSecrets {
  run(signal: AbortSignal): Promise<void> {
    return aborted(signal);
  }

  /** @throws SecretError always */
  async get(): Promise<SecretItem> {
    throw new SecretError('unknown resource');
  }

  /** Never calls anybody. */
  onChange(): () => void {
    return () => undefined;
  }

  /** @throws AgentError always */
  async rotateNow(): Promise<void> {
    throw new AgentError('the certificate is not signed by this agent');
  }

  facts(): CertificateStatus {
    return {
      serial: undefined,
      uris: [],
      notBeforeMs: undefined,
      notAfterMs: undefined,
      nextRotationMs: undefined,
      lastError: undefined,
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
