// The configuration of every Envoy: what the agent was started with for the first one, read anew for each later one.
// What reading it has to say is logged again only where it differs from the time before.

import type { AgentConfig } from '../config/agent-config.ts';
import type { Notice } from '../config/notices.ts';
import type { Log } from '../runtime/log.ts';

export interface ConfigurationSourceDeps {
  /** The configuration as it is now. */
  readonly reload: () => Promise<AgentConfig>;
  readonly log: Log;
}

/** @param first whose notices are in the log already */
export function configurationSource(
  first: AgentConfig,
  { reload, log }: ConfigurationSourceDeps,
): () => Promise<AgentConfig> {
  let unused: AgentConfig | undefined = first;
  let told = first.notices;
  return async () => {
    const config = unused ?? (await reload());
    unused = undefined;
    for (const notice of config.notices.filter((each) => !isIn(told, each))) {
      log[notice.level](notice.message);
    }
    told = config.notices;
    return config;
  };
}

function isIn(notices: readonly Notice[], { level, message }: Notice): boolean {
  return notices.some((each) => each.level === level && each.message === message);
}
