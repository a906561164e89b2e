// From configuration to the file one Envoy is started with. Every launch reads the configuration again, so a planned
// restart picks up what changed; a rollback repeats what worked. What the file says: effective-bootstrap.ts.

import { bootstrapPath, removeBootstrap, writeBootstrap } from '../bootstrap/bootstrap-file.ts';
import { serializeBootstrap } from '../bootstrap/bootstrap.ts';
import type { AgentConfig } from '../config/agent-config.ts';
import type { BootstrapLaunch } from '../envoy/launcher.ts';
import { AgentError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { effectiveBootstrap } from './effective-bootstrap.ts';
import type { NodeFacts } from './node-facts.ts';

export interface BootstrapWriterDeps {
  /** The configuration as it is now: for the first launch the one the agent was started with. */
  readonly load: () => Promise<AgentConfig>;
  /** What the host says about this node; asked before every launch, may take as long as the platform's probe. */
  readonly facts: () => Promise<NodeFacts>;
  readonly log: Log;
}

interface Remembered extends Pick<BootstrapLaunch, 'epoch' | 'generation'> {
  readonly config: AgentConfig;
}

/** Configurations remembered for a rollback: active, candidate, and one draining. */
const REMEMBERED = 3;

export class BootstrapWriter {
  readonly #deps: BootstrapWriterDeps;
  /** Files of ours that were not removed yet. */
  readonly #written = new Set<string>();
  /** Oldest first. */
  #remembered: readonly Remembered[] = [];

  constructor(deps: BootstrapWriterDeps) {
    this.#deps = deps;
  }

  /**
   * Renders the first bootstrap and throws it away.
   *
   * @throws ConfigError for configuration that no Envoy could be started with
   */
  async check(config: AgentConfig): Promise<void> {
    const ignored = (): void => undefined; // what is to be warned of is said when the file is written
    await effectiveBootstrap(config, await this.#deps.facts(), 1, ignored);
  }

  /**
   * @returns path of the file Envoy is started with
   * @throws ConfigError for configuration that is wrong now; nothing was written
   */
  async write(launch: BootstrapLaunch): Promise<string> {
    const { epoch, generation, repeats } = launch;
    const config = repeats === undefined ? await this.#deps.load() : this.#configOf(repeats);
    const path = await this.#writeFile(config, epoch, generation);
    this.#remember(launch, config);
    return path;
  }

  /** Removes what `write` made; a file of the user's stays. */
  async remove(path: string): Promise<void> {
    if (this.#written.delete(path)) await removeBootstrap(path);
  }

  #configOf(generation: number): AgentConfig {
    const known = this.#remembered.find((each) => each.generation === generation);
    if (known === undefined) {
      throw new AgentError(`the configuration of generation ${generation} is forgotten`);
    }
    return known.config;
  }

  /** A candidate that failed is followed by another of its epoch: however many fail, the active one is not forgotten. */
  #remember({ epoch, generation, repeats }: BootstrapLaunch, config: AgentConfig): void {
    const others = this.#remembered.filter((each) => each.epoch !== epoch || each.generation === repeats);
    this.#remembered = [...others, { epoch, generation, config }].slice(-REMEMBERED);
  }

  async #writeFile(config: AgentConfig, epoch: number, generation: number): Promise<string> {
    const { facts, log } = this.#deps;
    const rendered = await effectiveBootstrap(config, await facts(), generation, (message) =>
      log.warn(message),
    );
    if (rendered.kind === 'custom') return rendered.path;
    const numbered = config.supervision.hotRestart ? epoch : undefined;
    const path = bootstrapPath(config.proxyConfig.configPath, numbered, rendered.extension);
    this.#written.add(path);
    await writeBootstrap(path, serializeBootstrap(rendered.document), config.proxyConfig.json);
    return path;
  }
}
