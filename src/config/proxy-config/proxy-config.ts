// The effective ProxyConfig: the layers, then what flags and the pod's limits add, then validation, then the two
// annotations that come after it.
// Upstream: pilot/cmd/pilot-agent/config/config.go ConstructProxyConfig.

import { stringify } from 'yaml';

import { ConfigError, messageOf } from '../../runtime/errors.ts';
import { isJsonObject, textOf, type Json, type JsonObject, type TextMap } from '../../runtime/json.ts';
import type { IgnoredInput } from '../ignored.ts';
import { info, warning, type Notice } from '../notices.ts';
import { withoutZeros } from './proto-json.ts';
import { durationMs } from './proto-scalars.ts';
import { adjustProxyConfig, type Adjustments } from './adjustments.ts';
import { overrideByAnnotations, type FieldsWithOrigins } from './annotations.ts';
import { proxyConfigFields } from './fields.ts';
import { layerProxyConfig, type Origins } from './layers.ts';
import { privateKeyProviderOf, type PrivateKeyProvider } from './private-key-provider.ts';
import { maskSecrets } from '../secret-members.ts';
import { proxyConfigProblems, proxyConfigWarnings } from './validation.ts';
import { validationError } from './validation-problem.ts';

export interface ProxyConfigInput extends Adjustments {
  /** Content of the mesh file; undefined when there is none. */
  readonly meshFile: string | undefined;
  /** PROXY_CONFIG. */
  readonly proxyConfig: string;
  readonly annotations: TextMap;
}

/** What the agent uses of ProxyConfig, in its own units, and the whole of it as JSON. */
export interface ProxyConfig {
  readonly configPath: string;
  readonly binaryPath: string;
  readonly discoveryAddress: string;
  /** 0 switches the status server off. */
  readonly statusPort: number;
  readonly proxyAdminPort: number;
  readonly controlPlaneAuth: 'NONE' | 'MUTUAL_TLS';
  /** Worker threads; undefined and 0 leave it to Envoy. */
  readonly concurrency: number | undefined;
  readonly drainMs: number;
  readonly terminationDrainMs: number;
  /** Undefined when no layer names it. */
  readonly parentShutdownMs: number | undefined;
  readonly fileFlushIntervalMs: number;
  /** 0: Envoy's own default. */
  readonly fileFlushMinSizeKb: number;
  /** Empty: render a bootstrap. */
  readonly customConfigFile: string;
  /** Empty: the built-in template. */
  readonly templatePath: string;
  readonly proxyMetadata: TextMap;
  /** Undefined: Envoy uses private keys itself. */
  readonly privateKeyProvider: PrivateKeyProvider | undefined;
  /** Canonical protobuf JSON, zero values gone: what node metadata carries. */
  readonly json: JsonObject;
  readonly origins: Origins;
}

export interface ResolvedProxyConfig {
  readonly proxyConfig: ProxyConfig;
  readonly notices: readonly Notice[];
  readonly ignored: readonly IgnoredInput[];
}

/** @throws ConfigError `failed to get proxy config: …` */
export async function resolveProxyConfig(input: ProxyConfigInput): Promise<ResolvedProxyConfig> {
  try {
    const { notices, ignored, ...layered } = layerProxyConfig({
      file: input.meshFile,
      environment: input.proxyConfig,
      annotation: input.annotations['proxy.istio.io/config'] ?? '',
    });
    const adjusted = await adjustProxyConfig(layered, input);
    const problems = proxyConfigProblems(adjusted.config);
    if (problems.length > 0) throw validationError(problems, adjusted.origins);
    const overridden = overrideByAnnotations(adjusted, input.annotations);
    const proxyConfig = asProxyConfig(overridden);
    return {
      proxyConfig,
      notices: [
        ...notices,
        ...adjusted.notices,
        ...proxyConfigWarnings(adjusted.config).map(warning),
        ...overridden.notices,
        info(`Effective config: ${forLog(proxyConfig.json)}`),
      ],
      ignored: [...ignored, ...overridden.ignored],
    };
  } catch (error) {
    throw new ConfigError(`failed to get proxy config: ${messageOf(error)}`, { cause: error });
  }
}

function asProxyConfig({ config, origins }: FieldsWithOrigins): ProxyConfig {
  const { parentShutdownDuration, ...published } = config;
  return {
    configPath: textOf(config.configPath),
    binaryPath: textOf(config.binaryPath),
    discoveryAddress: textOf(config.discoveryAddress),
    statusPort: numberOf(config.statusPort) ?? 0,
    proxyAdminPort: numberOf(config.proxyAdminPort) ?? 0,
    controlPlaneAuth: config.controlPlaneAuthPolicy === 'NONE' ? 'NONE' : 'MUTUAL_TLS',
    concurrency: numberOf(config.concurrency),
    drainMs: msOf(config.drainDuration) ?? 0,
    terminationDrainMs: msOf(config.terminationDrainDuration) ?? 0,
    parentShutdownMs: msOf(parentShutdownDuration),
    fileFlushIntervalMs: msOf(config.fileFlushInterval) ?? 1000,
    fileFlushMinSizeKb: numberOf(config.fileFlushMinSizeKb) ?? 0,
    customConfigFile: textOf(config.customConfigFile),
    templatePath: textOf(config.proxyBootstrapTemplatePath),
    proxyMetadata: isJsonObject(config.proxyMetadata) ? (config.proxyMetadata as TextMap) : {},
    privateKeyProvider: privateKeyProviderOf(config.privateKeyProvider),
    json: withoutZeros(proxyConfigFields, inOrder(published)),
    origins,
  };
}

/** As upstream declares the fields. */
function inOrder(config: JsonObject): JsonObject {
  const names = Object.keys(proxyConfigFields).filter((name) => name in config);
  return Object.fromEntries(names.map((name) => [name, config[name] ?? null]));
}

/** YAML, keys sorted; secrets are nobody's business. */
function forLog(json: JsonObject): string {
  return stringify(maskSecrets(json), { sortMapEntries: true });
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function msOf(value: Json | undefined): number | undefined {
  return typeof value === 'string' && value !== '' ? durationMs(value) : undefined;
}
