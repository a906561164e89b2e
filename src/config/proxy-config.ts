// The effective ProxyConfig: the layers, then what flags and the pod's limits add, then validation, then the two
// annotations that come after it.
// Upstream: pilot/cmd/pilot-agent/config/config.go ConstructProxyConfig.

import { stringify } from 'yaml';

import { ConfigError, messageOf } from '../runtime/errors.ts';
import { isJsonObject, type Json, type JsonObject, type TextMap } from '../runtime/json.ts';
import { info, warning, type Notice } from './notices.ts';
import { durationMs, durationText, withoutZeros } from './proto-json.ts';
import { proxyConfigFields } from './proxy-config-fields.ts';
import { layerProxyConfig, type LayerName } from './proxy-config-layers.ts';
import { resolveStatsdAddress, type ResolveHost } from './statsd-address.ts';
import { proxyConfigProblems, proxyConfigWarnings, validationError } from './validation.ts';

export interface ProxyConfigInput {
  /** Content of the mesh file; undefined when there is none. */
  readonly meshFile: string | undefined;
  /** PROXY_CONFIG. */
  readonly proxyConfig: string;
  readonly annotations: TextMap;
  readonly flags: {
    /** 0: not given. */
    readonly concurrency: number;
    readonly serviceCluster: string;
    readonly templateFile: string;
    /** `--drainDuration`; undefined: not given. */
    readonly drainMs: number | undefined;
  };
  /** ISTIO_CPU_LIMIT; 0: none. */
  readonly cpuLimit: number;
  readonly cpuCount: number;
  readonly resolveHost: ResolveHost;
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
  /** Canonical protobuf JSON, zero values gone: what node metadata carries. */
  readonly json: JsonObject;
  /** For each field the last layer that named it. */
  readonly origins: Readonly<Record<string, LayerName>>;
}

export interface ResolvedProxyConfig {
  readonly proxyConfig: ProxyConfig;
  readonly notices: readonly Notice[];
}

/** @throws ConfigError `failed to get proxy config: …` */
export async function resolveProxyConfig(input: ProxyConfigInput): Promise<ResolvedProxyConfig> {
  try {
    const notices: Notice[] = [];
    const layered = layerProxyConfig({
      file: input.meshFile,
      environment: input.proxyConfig,
      annotation: input.annotations['proxy.istio.io/config'] ?? '',
    });
    const adjusted = await adjust(layered.config, input, notices);
    const problems = proxyConfigProblems(adjusted);
    if (problems.length > 0) throw validationError(problems);
    notices.push(...proxyConfigWarnings(adjusted).map(warning));
    const config = overrideByAnnotations(adjusted, input.annotations, notices);
    const proxyConfig = asProxyConfig(config, layered.origins);
    notices.push(info(`Effective config: ${forLog(proxyConfig.json)}`));
    return { proxyConfig, notices: [...layered.notices, ...notices] };
  } catch (error) {
    throw new ConfigError(`failed to get proxy config: ${messageOf(error)}`, { cause: error });
  }
}

async function adjust(layered: JsonObject, input: ProxyConfigInput, notices: Notice[]): Promise<JsonObject> {
  const { flags, resolveHost } = input;
  const config: Record<string, Json> = { ...layered, ...concurrency(layered, input, notices) };
  if (config.serviceCluster === '') config.serviceCluster = flags.serviceCluster;
  if (flags.templateFile !== '' && !textOf(config.customConfigFile)) {
    config.proxyBootstrapTemplatePath = flags.templateFile;
  }
  if (flags.drainMs !== undefined) config.drainDuration = durationText(flags.drainMs);
  const statsd = textOf(config.statsdUdpAddress);
  if (statsd === '') return config;
  try {
    config.statsdUdpAddress = await resolveStatsdAddress(statsd, resolveHost);
  } catch (error) {
    notices.push(warning(`resolve StatsdUdpAddress ${statsd} failed, no statsd sink: ${messageOf(error)}`));
    config.statsdUdpAddress = '';
  }
  return config;
}

function concurrency(
  config: JsonObject,
  input: ProxyConfigInput,
  notices: Notice[],
): { concurrency?: number } {
  const { flags, cpuLimit, cpuCount } = input;
  let workers = typeof config.concurrency === 'number' ? config.concurrency : undefined;
  if (workers === undefined && cpuLimit !== 0) workers = cpuLimit;
  if (flags.concurrency !== 0) {
    workers = flags.concurrency;
    notices.push(warning(`legacy --concurrency=${workers} flag detected; prefer to use ProxyConfig`));
  }
  if ((workers ?? 0) === 0 && cpuLimit > 0 && cpuLimit < cpuCount) {
    notices.push(
      warning(
        `concurrency is 0, a thread per CPU, but the CPU limit is lower: ${cpuCount} CPUs, limit ${cpuLimit}`,
      ),
    );
  }
  return workers === undefined ? {} : { concurrency: workers };
}

function overrideByAnnotations(config: JsonObject, annotations: TextMap, notices: Notice[]): JsonObject {
  const address = annotations['sidecar.istio.io/discoveryAddress'];
  const port = annotations['status.sidecar.istio.io/port'];
  return {
    ...config,
    ...(address !== undefined && { discoveryAddress: address }),
    ...(port !== undefined && { statusPort: statusPort(port, notices) }),
  };
}

function statusPort(text: string, notices: Notice[]): number {
  if (/^[+-]?\d+$/.test(text)) return Number(text);
  const message = `annotation status.sidecar.istio.io/port is not a number: "${text}"; there will be no status server`;
  notices.push({ level: 'error', message });
  return 0;
}

function asProxyConfig(config: JsonObject, origins: ProxyConfig['origins']): ProxyConfig {
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
    json: withoutZeros(proxyConfigFields, published),
    origins,
  };
}

/** YAML, keys sorted; a tracer's token is nobody's business. */
function forLog(json: JsonObject): string {
  const hide = (key: unknown, value: unknown): unknown => (key === 'accessToken' ? '***' : value);
  return stringify(json, hide, { sortMapEntries: true });
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: Json | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}

function msOf(value: Json | undefined): number | undefined {
  return typeof value === 'string' && value !== '' ? durationMs(value) : undefined;
}
