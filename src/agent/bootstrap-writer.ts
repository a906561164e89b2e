// From configuration to the file one Envoy is started with, and the user's addition to it. Every launch reads both
// again, so a planned restart picks up what changed; a rollback has what worked written again, and so has everybody
// while a file is missing or wrong. What the file says: effective-bootstrap.ts.

import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';

import { bootstrapPath, removeBootstrap, writeBootstrap } from '../bootstrap/bootstrap-file.ts';
import { readBootstrapOverride } from '../bootstrap/bootstrap-override.ts';
import type { AgentConfig } from '../config/agent-config.ts';
import type { Notice } from '../config/notices.ts';
import type { BootstrapLaunch, WrittenBootstrap } from '../envoy/process/written-bootstrap.ts';
import { MetadataError } from '../node/metadata-error.ts';
import { UNKNOWN_PLATFORM, type Platform } from '../node/platform/platform.ts';
import type { Warn } from '../node/raw-metadata.ts';
import { messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { ifResolved } from '../runtime/tasks.ts';
import { bytesOf, contentOf, extensionOf, hashOf, type BootstrapContent } from './bootstrap-content.ts';
import { effectiveBootstrap, type EffectiveBootstrap, type FindLacking } from './effective-bootstrap.ts';
import { argumentSettings } from './envoy-settings.ts';
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

/** All that an Envoy is configured with, but for its own number. */
interface Configured {
  readonly config: AgentConfig;
  readonly content: BootstrapContent;
  /** Of ISTIO_BOOTSTRAP_OVERRIDE, as JSON. */
  readonly override: string | undefined;
}

/** What a bootstrap is made of, and what came of it. */
interface Rendering {
  readonly config: AgentConfig;
  readonly platform: Platform;
  readonly bootstrap: EffectiveBootstrap;
  readonly notices: readonly Notice[];
}

/** Stands for any answer of the probe: what is wrong with it is wrong with every answer. */
const ANY_PLATFORM: Platform = { ...UNKNOWN_PLATFORM, metadata: { gcp_project: 'any' } };

export class BootstrapWriter {
  readonly #deps: BootstrapWriterDeps;
  /** Files of ours that were not removed yet. */
  readonly #written = new Set<string>();
  /** Made by the check, for the first launch. */
  #checked: Rendering | undefined;
  /** What was read last. */
  #last: Configured | undefined;

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
      this.#checked = await this.#render(config, known ?? UNKNOWN_PLATFORM);
    } catch (error) {
      if (known !== undefined) throw error;
      await this.#render(config, ANY_PLATFORM); // without a mistake of its own, the platform may still mend it
    }
  }

  /**
   * Writes the newest configuration; while that is wrong, the one before, with a warning.
   *
   * @throws ConfigError when it is wrong and there was none before; nothing was written
   */
  async write(launch: BootstrapLaunch): Promise<WrittenBootstrap> {
    let configured: Configured;
    try {
      configured = await this.#read();
    } catch (error) {
      if (this.#last === undefined) throw error;
      this.#deps.log.warn(
        `Envoy's configuration stays what it was, the present one is wrong: ${messageOf(error)}`,
      );
      return this.#writeAgain(this.#last, launch);
    }
    this.#last = configured;
    const { content } = configured;
    const path = content.kind === 'custom' ? content.path : await this.#writeFile(configured, launch);
    return this.#asWritten(configured, path);
  }

  /** Removes what `write` made; a file of the user's stays. */
  async remove(path: string): Promise<void> {
    if (this.#written.delete(path)) await removeBootstrap(path);
  }

  #asWritten(configured: Configured, path: string): WrittenBootstrap {
    const { config, content, override } = configured;
    return {
      path,
      override,
      hash: hashOf(content, override),
      arguments: argumentSettings(config, this.#deps.host.instanceIps),
      again: (launch) => this.#writeAgain(configured, launch),
    };
  }

  /** A user's file may have changed since: Envoy gets a copy of what it was. */
  async #writeAgain(configured: Configured, launch: BootstrapLaunch): Promise<WrittenBootstrap> {
    return this.#asWritten(configured, await this.#writeFile(configured, launch));
  }

  async #read(): Promise<Configured> {
    const { load, log } = this.#deps;
    const config = await load();
    const override = await this.#readOverride(config);
    const { bootstrap, notices } = await this.#rendering(config);
    for (const { level, message } of notices) log[level](message);
    return { config, content: await contentOf(bootstrap), override };
  }

  async #readOverride(config: AgentConfig): Promise<string | undefined> {
    const { log } = this.#deps;
    const read = await overrideOf(config, (message) => log.warn(message));
    const last = this.#last?.override;
    if (read === undefined && last !== undefined) log.warn('the bootstrap override stays what it was');
    return read ?? last;
  }

  async #writeFile({ config, content }: Configured, launch: BootstrapLaunch): Promise<string> {
    const { proxyConfig, supervision } = config;
    const epoch = supervision.hotRestart ? launch.epoch : undefined;
    const path = bootstrapPath(proxyConfig.configPath, epoch, extensionOf(content));
    this.#written.add(path);
    const bytes = bytesOf(content, supervision.hotRestart ? launch.generation : 0);
    await inStage(() => writeBootstrap(path, bytes, proxyConfig.json));
    this.#deps.log.info(`wrote bootstrap ${path}`, { sha256: hash('sha256', bytes) });
    return path;
  }

  /** The checked one when it was made of the same. */
  async #rendering(config: AgentConfig): Promise<Rendering> {
    const platform = await this.#deps.platform;
    const checked = this.#checked;
    this.#checked = undefined;
    const same = checked?.config === config && isDeepStrictEqual(checked.platform, platform);
    return same ? checked : this.#render(config, platform);
  }

  async #render(config: AgentConfig, platform: Platform): Promise<Rendering> {
    const { host, findLacking } = this.#deps;
    const notices: Notice[] = [];
    const facts = { ...host, platform };
    const warn: Warn = (message, level = 'warn') => void notices.push({ level, message });
    const bootstrap = await inStage(() => effectiveBootstrap(config, facts, warn, findLacking));
    return { config, platform, bootstrap, notices };
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
