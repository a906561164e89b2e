// The configuration of every Envoy: what the agent was started with for the first one, read anew for each later one.
// What reading it has to say is logged again only where it differs from the time before.

import type { AgentConfig } from '../config/agent-config.ts';
import type { Notice } from '../config/notices.ts';
import { messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';

export interface ConfigurationSourceDeps {
  /** The configuration as it is now. */
  readonly reload: () => Promise<AgentConfig>;
  readonly log: Log;
}

/**
 * Gives the last configuration that was right while the present one is not: an Envoy that has to be started again
 * must not wait for somebody to correct a file. Labels stay those of the start unless they may cause a restart.
 */
export class ConfigurationSource {
  readonly #deps: ConfigurationSourceDeps;
  readonly #first: AgentConfig;
  #unused: AgentConfig | undefined;
  #last: AgentConfig;

  /** @param first whose notices are in the log already */
  constructor(first: AgentConfig, deps: ConfigurationSourceDeps) {
    this.#deps = deps;
    this.#first = first;
    this.#unused = first;
    this.#last = first;
  }

  /** What was given last. */
  get last(): AgentConfig {
    return this.#last;
  }

  /** What the next Envoy is configured with. */
  async next(): Promise<AgentConfig> {
    const config = this.#unused ?? (await this.#readAnew());
    this.#unused = undefined;
    for (const notice of config.notices.filter((each) => !isIn(this.#last.notices, each))) {
      this.#deps.log[notice.level](notice.message);
    }
    this.#last = config;
    return config;
  }

  async #readAnew(): Promise<AgentConfig> {
    const { reload, log } = this.#deps;
    try {
      const config = await reload();
      if (this.#first.supervision.restartOnLabelChange) return config;
      return { ...config, pod: { ...config.pod, labels: this.#first.pod.labels } };
    } catch (error) {
      log.warn(`the configuration stays what it was, the present one is wrong: ${messageOf(error)}`);
      return this.#last;
    }
  }
}

function isIn(notices: readonly Notice[], { level, message }: Notice): boolean {
  return notices.some((each) => each.level === level && each.message === message);
}
