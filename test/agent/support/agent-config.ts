// The configuration of an agent under test: that of a small pod, through the product's own loader.

import {
  loadAgentConfig,
  type AgentConfig,
  type AgentConfigInput,
} from '../../../src/config/agent-config.ts';
import { agentConfigInput } from '../../support/agent-config-input.ts';

export interface GivenConfig {
  readonly flags?: Partial<AgentConfigInput['flags']>;
  /** Added to the pod's. */
  readonly env?: AgentConfigInput['environment'];
  readonly proxyConfig?: object;
  readonly nodeType?: AgentConfigInput['nodeType'];
  /** What relative paths start from; by default nothing is there. */
  readonly workingDirectory?: string;
}

const POD = {
  POD_NAME: 'web-1',
  POD_NAMESPACE: 'shop',
  SERVICE_ACCOUNT: 'web',
  INSTANCE_IP: '127.0.0.1',
  TRUST_DOMAIN: 'cluster.local',
};

export function agentConfig(given: GivenConfig = {}): Promise<AgentConfig> {
  const { flags = {}, env, proxyConfig = {}, nodeType = 'sidecar', workingDirectory = '/nowhere' } = given;
  const environment = { ...POD, PROXY_CONFIG: JSON.stringify(proxyConfig), ...env };
  return loadAgentConfig(agentConfigInput({ nodeType, flags, environment, workingDirectory, cpuCount: 2 }));
}
