// From configuration to the file one Envoy is started with, and the user's addition to it. Every launch reads both
// again, so a planned restart picks up what changed; a rollback repeats what worked. What the file says:
// effective-bootstrap.ts.

import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

import { bootstrapPath, removeBootstrap, writeBootstrap } from '../bootstrap/bootstrap-file.ts';
import { readBootstrapOverride } from '../bootstrap/bootstrap-override.ts';
import { serializeBootstrap } from '../bootstrap/bootstrap.ts';
import type { AgentConfig } from '../config/agent-config.ts';
import type { Notice } from '../config/notices.ts';
import type { WrittenBootstrap } from '../envoy/arguments.ts';
import type { BootstrapLaunch } from '../envoy/launcher.ts';
import { MetadataError } from '../node/metadata-error.ts';
import { UNKNOWN_PLATFORM, type Platform } from '../node/platform/platform.ts';
import type { Warn } from '../node/raw-metadata.ts';
import { AgentError } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { ifResolved } from '../runtime/tasks.ts';
import { effectiveBootstrap, type EffectiveBootstrap, type FindLacking } from './effective-bootstrap.ts';
import type { HostFacts } from './node-facts.ts';
import { ENVOY_CONFIG, ENVOY_METADATA, failedAt } from './stages.ts';

export interface BootstrapWriterDeps {
  /** The configuration as it is now: for the first launch the one the agent was started with. */
  readonly load: () => Promise<AgentConfig>;
  readonly host: HostFacts;
  /** Asked beside everything else, and waited for before a file is written; never rejects. */
  readonly platform: Promise<Platform>;
  /** Absent: Envoy has every extension. */
  readonly findLacking?: FindLacking;
  readonly log: Log;
}

/** What a launch is told. */
interface Given {
  readonly config: AgentConfig;
  /** Of ISTIO_BOOTSTRAP_OVERRIDE, as JSON. */
  readonly override: string | undefined;
}

interface Remembered extends Given, Pick<BootstrapLaunch, 'epoch' | 'generation'> {}

/** What a bootstrap is made of, and what came of it. */
interface Rendering {
  readonly config: AgentConfig;
  readonly generation: number;
  readonly platform: Platform;
  readonly bootstrap: EffectiveBootstrap;
  readonly notices: readonly Notice[];
}

/** Configurations remembered for a rollback: active, candidate, and one draining. */
const REMEMBERED = 3;

/** Stands for any answer of the probe: what is wrong with it is wrong with every answer. */
const ANY_PLATFORM: Platform = { ...UNKNOWN_PLATFORM, metadata: { gcp_project: 'any' } };

export class BootstrapWriter {
  readonly #deps: BootstrapWriterDeps;
  /** Files of ours that were not removed yet. */
  readonly #written = new Set<string>();
  /** Oldest first. */
  #remembered: readonly Remembered[] = [];
  /** Made by the check, for the first launch. */
  #checked: Rendering | undefined;

  constructor(deps: BootstrapWriterDeps) {
    this.#deps = deps;
  }

  /**
   * Renders the first bootstrap ahead of its launch, without waiting for the platform.
   *
   * @throws ConfigError for configuration that no Envoy could be started with, whatever the platform is
   */
  async check(config: AgentConfig): Promise<void> {
    await overrideOf(config, () => undefined); // what is ignored is told at the launch
    const known = await ifResolved(this.#deps.platform);
    try {
      this.#checked = await this.#render(config, 0, known ?? UNKNOWN_PLATFORM);
    } catch (error) {
      if (known !== undefined) throw error;
      await this.#render(config, 0, ANY_PLATFORM); // without a mistake of its own, the platform may still mend it
    }
  }

  /** @throws ConfigError for configuration that is wrong now; nothing was written */
  async write(launch: BootstrapLaunch): Promise<WrittenBootstrap> {
    const { epoch, generation, repeats } = launch;
    const given = repeats === undefined ? await this.#read() : this.#givenTo(repeats);
    const path = await this.#writeFile(given.config, epoch, generation);
    this.#remember({ epoch, generation, ...given }, repeats);
    return { path, override: given.override };
  }

  /** Removes what `write` made; a file of the user's stays. */
  async remove(path: string): Promise<void> {
    if (this.#written.delete(path)) await removeBootstrap(path);
  }

  async #read(): Promise<Given> {
    const config = await this.#deps.load();
    return { config, override: await overrideOf(config, (message) => this.#deps.log.warn(message)) };
  }

  #givenTo(generation: number): Given {
    const known = this.#remembered.find((each) => each.generation === generation);
    if (known === undefined) {
      throw new AgentError(`the configuration of generation ${generation} is forgotten`);
    }
    return { config: known.config, override: known.override };
  }

  /** A candidate that failed is followed by another of its epoch: however many fail, the active one is not forgotten. */
  #remember(launch: Remembered, repeats: number | undefined): void {
    const isKept = (each: Remembered): boolean => each.epoch !== launch.epoch || each.generation === repeats;
    this.#remembered = [...this.#remembered.filter(isKept), launch].slice(-REMEMBERED);
  }

  async #writeFile(config: AgentConfig, epoch: number, generation: number): Promise<string> {
    const { log } = this.#deps;
    const { bootstrap, notices } = await this.#rendering(config, generation);
    for (const { level, message } of notices) log[level](message);
    if (bootstrap.kind === 'custom') return bootstrap.path;
    const numbered = config.supervision.hotRestart ? epoch : undefined;
    const path = bootstrapPath(config.proxyConfig.configPath, numbered, bootstrap.extension);
    this.#written.add(path);
    const text = serializeBootstrap(bootstrap.document);
    await inStage(() => writeBootstrap(path, text, config.proxyConfig.json));
    log.info(`wrote bootstrap ${path}`, { sha256: hash('sha256', text) });
    return path;
  }

  /** The checked one when it was made of the same. */
  async #rendering(config: AgentConfig, generation: number): Promise<Rendering> {
    const platform = await this.#deps.platform;
    const checked = this.#checked;
    this.#checked = undefined;
    const same =
      checked?.config === config &&
      checked.generation === generation &&
      isDeepStrictEqual(checked.platform, platform);
    return same ? checked : this.#render(config, generation, platform);
  }

  async #render(config: AgentConfig, generation: number, platform: Platform): Promise<Rendering> {
    const { host, findLacking } = this.#deps;
    const notices: Notice[] = [];
    const facts = { ...host, platform };
    const warn: Warn = (message, level = 'warn') => void notices.push({ level, message });
    const bootstrap = await inStage(() => effectiveBootstrap(config, facts, generation, warn, findLacking));
    return { config, generation, platform, bootstrap, notices };
  }
}

function overrideOf({ envoy, pod }: AgentConfig, warn: Warn): Promise<string | undefined> {
  return readBootstrapOverride(envoy.bootstrapOverrideFile, pod.hostIp, warn);
}

/** @throws AgentError | ConfigError with the reference's words for what failed */
async function inStage<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw failedAt(error instanceof MetadataError ? ENVOY_METADATA : ENVOY_CONFIG, error);
  }
}
