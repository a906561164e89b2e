// Subject `pod`: the whole configuration of an agent from words, variables and files.

import { deepEqual, equal, ok } from 'node:assert/strict';

import { loadAgentConfig, type AgentConfig } from '../../../src/config/agent-config.ts';
import { proxyNodeType, type ProxyFlagValues } from '../../../src/config/proxy-flags.ts';
import type { Json, JsonObject } from '../../../src/runtime/json.ts';
import { agentConfigInput } from '../../support/agent-config-input.ts';
import { readAsExpected, type ExpectedError } from './outcome.ts';

export interface GivenPod {
  /** Default `sidecar`. */
  readonly type?: string;
  readonly flags?: Partial<ProxyFlagValues>;
  readonly unknownFlags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Content of the mesh file. */
  readonly mesh?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** Addresses by name; a name that is not there is unknown. */
  readonly hosts?: Readonly<Record<string, readonly string[]>>;
  readonly cpus?: number;
}

interface ExpectedPod extends ExpectedError {
  /** The effective ProxyConfig as far as it differs from the defaults; null: not there. Default: nothing. */
  readonly differs?: Readonly<Record<string, Json>>;
  /** Values of AgentConfig by dotted path; null: undefined. */
  readonly agent?: Readonly<Record<string, Json>>;
  readonly origins?: Readonly<Record<string, string>>;
  /** One text per warning, found in it. Default: none. */
  readonly warnings?: readonly string[];
}

const DEFAULTS: JsonObject = {
  configPath: './etc/istio/proxy',
  binaryPath: '/usr/local/bin/envoy',
  serviceCluster: 'istio-proxy',
  drainDuration: '45s',
  discoveryAddress: 'istiod.istio-system.svc:15012',
  proxyAdminPort: 15_000,
  controlPlaneAuthPolicy: 'MUTUAL_TLS',
  statNameLength: 189,
  statusPort: 15_020,
  terminationDrainDuration: '5s',
};

export async function checkPod(given: GivenPod, expected: ExpectedPod): Promise<void> {
  const config = await readAsExpected(() => agentConfig(given), expected);
  if (config === undefined) return;
  const { differs = {}, agent = {}, origins = {}, warnings = [] } = expected;
  const wanted = Object.entries({ ...DEFAULTS, ...differs }).filter(([, value]) => value !== null);
  deepEqual(config.proxyConfig.json, Object.fromEntries(wanted));
  for (const [path, value] of Object.entries(agent)) deepEqual(at(config, path) ?? null, value, path);
  for (const [field, origin] of Object.entries(origins)) equal(config.proxyConfig.origins[field], origin);
  const told = config.notices.filter(({ level }) => level === 'warn').map(({ message }) => message);
  equal(told.length, warnings.length, told.join('\n'));
  for (const [index, text] of warnings.entries()) {
    ok(told[index]?.includes(text), `"${text}" is not in: ${told[index]}`);
  }
}

async function agentConfig(given: GivenPod): Promise<AgentConfig> {
  const files: Readonly<Record<string, string | undefined>> = {
    './etc/istio/config/mesh': given.mesh,
    './etc/istio/pod/annotations': Object.entries(given.annotations ?? {})
      .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
      .join('\n'),
  };
  const input = agentConfigInput({
    nodeType: proxyNodeType(given.type === undefined ? [] : [given.type]),
    flags: given.flags ?? {},
    ignoredFlags: given.unknownFlags ?? [],
    environment: given.env ?? {},
    files,
    cpuCount: given.cpus ?? 1,
    resolveHost: async (host) => given.hosts?.[host] ?? Promise.reject(new Error('no such host')),
  });
  return loadAgentConfig(input);
}

function at(value: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce((inside, step) => (inside as Readonly<Record<string, unknown>> | undefined)?.[step], value);
}
