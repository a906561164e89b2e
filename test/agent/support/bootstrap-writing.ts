// Writers of bootstraps on configurations that a test gives, and what they wrote.

import { readFile } from 'node:fs/promises';

import { BootstrapWriter } from '../../../src/agent/bootstrap-writer.ts';
import type { AgentConfig } from '../../../src/config/agent-config.ts';
import type { BootstrapLaunch } from '../../../src/envoy/process/written-bootstrap.ts';
import { UNKNOWN_PLATFORM, type Platform } from '../../../src/node/platform/platform.ts';
import { ConfigError } from '../../../src/runtime/errors.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { agentConfig, type GivenConfig } from './agent-config.ts';
import { nodeFacts } from './node-facts.ts';

/** Gives the next configuration at every launch; the last one goes on. */
export function writerOf(...configs: AgentConfig[]): BootstrapWriter {
  return writerOn(Promise.resolve(UNKNOWN_PLATFORM), ...configs);
}

export function writerOn(platform: Promise<Platform>, ...configs: AgentConfig[]): BootstrapWriter {
  return new BootstrapWriter({
    load: loading(configs),
    host: nodeFacts(),
    platform,
    log: recordingLog().log,
  });
}

export function loading(configs: readonly AgentConfig[]): () => Promise<AgentConfig> {
  let launches = 0;
  return () => {
    const config = configs[Math.min(launches++, configs.length - 1)];
    return config === undefined
      ? Promise.reject(new ConfigError('nothing to load'))
      : Promise.resolve(config);
  };
}

export async function written(
  writer: BootstrapWriter,
  changes: Partial<BootstrapLaunch> = {},
): Promise<string> {
  return (await writer.write({ epoch: 0, generation: 1, ...changes })).path;
}

export async function adminPortIn(path: string): Promise<number> {
  const document = JSON.parse(await readFile(path, 'utf8')) as {
    admin: { address: { socket_address: { port_value: number } } };
  };
  return document.admin.address.socket_address.port_value;
}

/** That of a pod whose files are written to a folder. */
export function configIn(folder: string, given: GivenConfig = {}, adminPort = 15_000): Promise<AgentConfig> {
  const proxyConfig = { configPath: folder, proxyAdminPort: adminPort, ...given.proxyConfig };
  return agentConfig({ ...given, proxyConfig });
}
