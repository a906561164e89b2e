// What the offline commands show: the bootstrap this agent would start Envoy with, and the effective ProxyConfig.
// Nothing is opened, asked over the network or written; what only a running agent knows is named instead.

import { readBootstrapOverride } from '../bootstrap/bootstrap-override.ts';
import { serializeBootstrap } from '../bootstrap/bootstrap.ts';
import type { AgentConfig } from '../config/agent-config.ts';
import { environmentSecrets } from '../config/env.ts';
import { maskSecrets } from '../config/secret-members.ts';
import { maskText } from '../config/secrets.ts';
import { excludedInterfaces, instanceAddresses } from '../node/instance-addresses.ts';
import { readInterfaces } from '../node/network-interfaces.ts';
import { UNKNOWN_PLATFORM } from '../node/platform/platform.ts';
import { readTextIfExists } from '../runtime/files.ts';
import { byteOrder, isJsonObject, type Json, type JsonObject } from '../runtime/json.ts';
import { bootstrapSections } from './bootstrap-sections.ts';
import { effectiveBootstrap } from './effective-bootstrap.ts';
import { shutdownTimeline, type ShutdownTimeline } from './shutdown-timeline.ts';
import { withoutEffect } from './unsupported.ts';

export interface InspectedBootstrap {
  /** What Envoy is given, secrets masked. */
  readonly text: string;
  /** One line per conditional section: whether it is there, and why. */
  readonly sections: readonly string[];
  /** What was ignored, and what the running agent adds. */
  readonly remarks: readonly string[];
}

/** @throws ConfigError as the agent would */
export async function inspectBootstrap(config: AgentConfig): Promise<InspectedBootstrap> {
  const remarks = await remarksOn(config);
  const effective = await effectiveBootstrap(config, await offlineFacts(config), (text) =>
    remarks.push(text),
  );
  if (effective.kind === 'custom') {
    const text = (await readTextIfExists(effective.path)) ?? '';
    return {
      text: maskText(text, environmentSecrets(config.environment)),
      sections: [`${effective.path} is given to Envoy as it is`],
      remarks,
    };
  }
  const { document } = effective;
  const shown = maskSecrets(document, environmentSecrets(config.environment)) as JsonObject;
  const sections = bootstrapSections(document, config).map(
    ({ name, isPresent, sources }) => `${isPresent ? '+' : '-'} ${name} (${sources.join('; ')})`,
  );
  return { text: serializeBootstrap(shown), sections, remarks };
}

/** Only what can be known without asking anybody. */
async function offlineFacts({ pod }: AgentConfig): Promise<Parameters<typeof effectiveBootstrap>[1]> {
  const instanceIps = instanceAddresses({
    instanceIp: pod.ip,
    interfaces: await readInterfaces(),
    excludedInterfaces: excludedInterfaces(pod.annotations),
  });
  return { instanceIps, platform: UNKNOWN_PLATFORM, credentialSocketExists: false, servesFilesOnly: false };
}

async function remarksOn(config: AgentConfig): Promise<string[]> {
  const remarks = ['not asked here: the cloud platform, and SDS servers of others'];
  const { bootstrapOverrideFile: file } = config.envoy;
  const override = await readBootstrapOverride(file, config.pod.hostIp, (text) => remarks.push(text));
  if (override !== undefined) remarks.push(`Envoy lays ISTIO_BOOTSTRAP_OVERRIDE ${file} over it`);
  const unread = withoutEffect(config);
  if (unread !== '') remarks.push(`without effect in this version: ${unread}`);
  return remarks;
}

export interface InspectedField {
  /** With a dot for a member that layers set one by one, for example `proxyMetadata.ISTIO_META_NETWORK`. */
  readonly name: string;
  /** Secrets masked. */
  readonly value: Json;
  /** The last layer that named it. */
  readonly from: string;
}

/** The effective ProxyConfig field by field, sorted by name. */
export function inspectProxyConfig({ proxyConfig, environment }: AgentConfig): readonly InspectedField[] {
  const shown = maskSecrets(proxyConfig.json, environmentSecrets(environment)) as JsonObject;
  const { origins } = proxyConfig;
  return Object.entries(shown)
    .flatMap(([name, value]) => members(name, value).filter(([each]) => each === name || each in origins))
    .filter(([name], _index, all) => !all.some(([other]) => other.startsWith(`${name}.`)))
    .map(([name, value]) => ({ name, value, from: origins[name] ?? 'default' }))
    .toSorted((a, b) => byteOrder(a.name, b.name));
}

function members(name: string, value: Json): [string, Json][] {
  const inside = isJsonObject(value) ? Object.entries(value) : [];
  return [[name, value], ...inside.map(([member, each]): [string, Json] => [`${name}.${member}`, each])];
}

/** What the agent would say of its end; undefined: no Envoy is started. */
export function inspectShutdown(config: AgentConfig): ShutdownTimeline | undefined {
  return config.envoy.disabled ? undefined : shutdownTimeline(config);
}
