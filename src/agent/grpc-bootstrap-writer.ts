// The bootstrap for proxyless gRPC clients in the pod: checked with everything else, and written as soon as it is
// known what it says. Upstream: pkg/istio-agent/agent.go generateGRPCBootstrap.

import { mkdir } from 'node:fs/promises';
import { resolve } from 'node:path';

import { writeGrpcBootstrap } from '../bootstrap/grpc-bootstrap-file.ts';
import { grpcBootstrap } from '../bootstrap/grpc-bootstrap.ts';
import type { AgentConfig } from '../config/agent-config.ts';
import { buildNode } from '../node/node.ts';
import { UNKNOWN_PLATFORM, type Platform } from '../node/platform/platform.ts';
import type { JsonObject } from '../runtime/json.ts';
import { ifResolved } from '../runtime/tasks.ts';
import { nodeInput, type HostFacts } from './node-facts.ts';
import { xdsSocketPath } from './socket-servers.ts';
import { failedAt, GRPC_BOOTSTRAP, metadataStage } from './stages.ts';

export interface GrpcBootstrapWriterDeps {
  readonly host: HostFacts;
  /** Asked beside everything else; never rejects. */
  readonly platform: Promise<Platform>;
}

export class GrpcBootstrapWriter {
  readonly #config: AgentConfig;
  readonly #deps: GrpcBootstrapWriterDeps;
  /** Nothing is left to write. */
  #done: boolean;

  constructor(config: AgentConfig, deps: GrpcBootstrapWriterDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#done = config.env.grpcBootstrapPath === '';
  }

  /**
   * Writes the file at once when the platform is known, so that it is there even if Envoy cannot be started.
   *
   * @throws ConfigError for metadata that cannot be, whatever the platform is
   */
  async check(): Promise<void> {
    if (this.#done) return;
    const known = await ifResolved(this.#deps.platform);
    const document = this.#render(known ?? UNKNOWN_PLATFORM);
    // a file that cannot be written is told at its turn, after the sockets
    if (known !== undefined) await this.#write(document).catch(() => undefined);
  }

  /** Writes the file unless the check has. @throws AgentError when that is not possible */
  async write(): Promise<void> {
    if (this.#done) return;
    const document = this.#render(await this.#deps.platform);
    try {
      await this.#write(document);
    } catch (error) {
      throw failedAt(GRPC_BOOTSTRAP, error);
    }
  }

  #render(platform: Platform): JsonObject {
    const { outputCertsDir } = this.#config.identity;
    const facts = { ...this.#deps.host, platform };
    const ignore = (): void => undefined; // the same is said of Envoy's bootstrap
    try {
      return grpcBootstrap({
        node: buildNode(nodeInput(this.#config, facts), ignore),
        xdsSocketPath: xdsSocketPath(this.#config),
        outputCertsDir,
      });
    } catch (error) {
      throw failedAt(metadataStage(this.#config), error);
    }
  }

  async #write(document: JsonObject): Promise<void> {
    const { env, proxyConfig, controlPlane } = this.#config;
    // for the xDS socket, which is not there yet and is what the directory's mode is made for
    await mkdir(proxyConfig.configPath, { recursive: true, mode: 0o750 });
    await writeGrpcBootstrap(resolve(controlPlane.workingDirectory, env.grpcBootstrapPath), document);
    this.#done = true;
  }
}
