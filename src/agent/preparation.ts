// Everything that can go wrong with what the agent was given, found out before a port is open, in the order in which
// upstream comes across it: of several mistakes the same one is told. Upstream: app/cmd.go, pkg/istio-agent/agent.go.

import type { AgentConfig } from '../config/agent-config.ts';
import { GKE_PROVIDER } from '../config/identity-config.ts';
import type { DnsPlan } from '../dns/plan.ts';
import { findEnvoyBinary } from '../envoy/process/binary.ts';
import type { EnvoySettings } from '../envoy/settings.ts';
import type { Platform } from '../node/platform/platform.ts';
import type { Spawn } from '../runtime/spawn.ts';
import { checkAddresses } from '../security/upstream/control-plane.ts';
import { checkGkeCertificates } from '../security/mounted-certificates.ts';
import { BootstrapWriter } from './bootstrap-writer.ts';
import { ConfigurationSource } from './configuration-source.ts';
import { dnsPlan } from './dns.ts';
import { envoySettings } from './envoy-settings.ts';
import { GrpcBootstrapWriter } from './grpc-bootstrap-writer.ts';
import { openIdentity, type Identity, type IdentityDeps } from './identity.ts';
import { lackingExtensions } from './lacking-extensions.ts';
import type { HostFacts } from './node-facts.ts';
import { fingerprints, envoyFiles, type Fingerprints, type EnvoyFile } from './envoy-files.ts';
import { credentialServerExists, otherServesWorkload, ownSocketPath } from './sds-sockets.ts';

export interface PreparationDeps extends IdentityDeps {
  readonly spawn: Spawn;
  readonly instanceIps: readonly string[];
  /** Asked beside everything else; never rejects. */
  readonly platform: Promise<Platform>;
  /** The configuration as it is now; asked before every Envoy but the first. */
  readonly reload: () => Promise<AgentConfig>;
}

export interface PreparedEnvoy {
  readonly writer: BootstrapWriter;
  readonly settings: EnvoySettings;
  /** The files Envoy is made of, as the newest configuration names them. */
  readonly files: () => readonly EnvoyFile[];
  /** What they are for the first Envoy. */
  readonly filesAtStart: Fingerprints;
}

export interface Preparation {
  readonly dns: DnsPlan | undefined;
  readonly host: HostFacts;
  readonly identity: Identity;
  readonly grpcBootstrap: GrpcBootstrapWriter;
  /** Undefined: there is to be none. */
  readonly envoy: PreparedEnvoy | undefined;
}

/** @throws ConfigError | AgentError naming what is wrong; nothing is open */
export async function prepare(
  config: AgentConfig,
  deps: PreparationDeps,
  signal: AbortSignal,
): Promise<Preparation> {
  const { controlPlane } = config;
  if (controlPlane.caProvider === GKE_PROVIDER) {
    await checkGkeCertificates(controlPlane.workingDirectory, controlPlane.provCertDir);
  }
  const dns = await dnsPlan(config, deps.log);
  const sdsDeps = { clock: deps.clock, log: deps.log.child('sds') };
  const servesFilesOnly = await otherServesWorkload(config, sdsDeps, signal);
  const identity = await openIdentity(config, deps, servesFilesOnly);
  const credentialSocketExists = await credentialServerExists(config, sdsDeps, signal);
  const workloadSocketPath = servesFilesOnly ? config.identity.socketPath : await ownSocketPath(config);
  const { instanceIps } = deps;
  const host = { instanceIps, servesFilesOnly, credentialSocketExists, workloadSocketPath };
  const grpcBootstrap = new GrpcBootstrapWriter(config, { ...deps, host });
  await grpcBootstrap.check();
  const envoy = config.envoy.disabled ? undefined : await prepareEnvoy(config, deps, host, signal);
  checkAddresses(controlPlane);
  return { dns, host, identity, grpcBootstrap, envoy };
}

async function prepareEnvoy(
  config: AgentConfig,
  deps: PreparationDeps,
  host: HostFacts,
  signal: AbortSignal,
): Promise<PreparedEnvoy> {
  const { platform, log } = deps;
  const findLacking = lackingExtensions(config, deps, signal);
  const source = new ConfigurationSource(config, deps);
  const writer = new BootstrapWriter({ load: () => source.next(), host, platform, findLacking, log });
  await writer.check(config);
  const binaryPath = await findEnvoyBinary(config.envoy.binary);
  const files = (): readonly EnvoyFile[] => envoyFiles(source.last, binaryPath);
  const filesAtStart = await fingerprints(files());
  const settings = envoySettings(config, binaryPath, host.instanceIps, log);
  return { writer, settings, files, filesAtStart };
}
