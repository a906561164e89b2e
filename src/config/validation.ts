// What a resolved ProxyConfig must fulfil. Every rule gives its problems as text in upstream's words, so that all of
// them can be shown at once.
// Upstream: istio 1.31 pkg/config/validation/agent ValidateMeshConfigProxyConfig.

import { SECOND_MS } from '../runtime/duration.ts';
import { ConfigError } from '../runtime/errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../runtime/json.ts';
import { addressProblem, portProblem } from './address.ts';
import { connectionSettingsProblems } from './connection-settings-validation.ts';
import { durationMs } from './proto-json.ts';
import { tracingProblems } from './tracing-validation.ts';

/** @param config in canonical form, zero values kept. @returns one text per problem, in upstream's order */
export function proxyConfigProblems(config: JsonObject): readonly string[] {
  return [
    ...(textOf(config.configPath) === '' ? ['config path must be set'] : []),
    ...(textOf(config.binaryPath) === '' ? ['binary path must be set'] : []),
    ...clusterNameProblems(config),
    ...drainProblems(textOf(config.drainDuration)),
    ...addressProblems('invalid discovery address:', config.discoveryAddress, true),
    ...tracingProblems(config.tracing),
    ...addressProblems('invalid statsd udp address:', config.statsdUdpAddress),
    ...addressProblems('invalid envoy metrics service address:', config.envoyMetricsServiceAddress),
    ...serviceProblems('invalid envoy metrics service address:', config.envoyMetricsService),
    ...serviceProblems('invalid envoy access log service address:', config.envoyAccessLogService),
    ...portProblems('invalid proxy admin port:', config.proxyAdminPort),
    ...authPolicyProblems(config.controlPlaneAuthPolicy),
    ...portProblems('invalid status port:', config.statusPort),
    ...keyProviderProblems(config.privateKeyProvider),
    ...connectionSettingsProblems(config.connectionSettings),
  ];
}

/** Deprecated things that still work, or do no harm. */
export function proxyConfigWarnings(config: JsonObject): readonly string[] {
  const warnings: string[] = [];
  if (textOf(config.envoyMetricsServiceAddress) !== '') {
    warnings.push('EnvoyMetricsServiceAddress is deprecated, use EnvoyMetricsService instead.');
  }
  const metadata = config.proxyMetadata;
  if (isJsonObject(metadata) && 'ISTIO_META_DNS_AUTO_ALLOCATE' in metadata) {
    warnings.push(
      'ISTIO_META_DNS_AUTO_ALLOCATE is deprecated; review the migration to DNS auto allocation in the control plane',
    );
  }
  for (const name of ['concurrency', 'statNameLength']) {
    const value = config[name];
    if (typeof value === 'number' && value < 0)
      warnings.push(`${name} is negative (${value}) and has no effect`);
  }
  return warnings;
}

/** Several problems as one error, each on a line of its own. */
export function validationError(problems: readonly string[]): ConfigError {
  const head = problems.length === 1 ? '1 error occurred:' : `${problems.length} errors occurred:`;
  return new ConfigError([head, ...problems.map((problem) => `\t* ${problem}`)].join('\n'));
}

function clusterNameProblems(config: JsonObject): string[] {
  if (config.tracingServiceName !== undefined) return [];
  if (config.serviceCluster === undefined) {
    return ['oneof service cluster or tracing service name must be specified'];
  }
  return config.serviceCluster === '' ? ['service cluster must be specified'] : [];
}

function drainProblems(drain: string): string[] {
  const ms = drain === '' ? 0 : durationMs(drain);
  if (ms < 1) return ['invalid drain duration: duration must be greater than 1ms'];
  if (!Number.isInteger(ms)) return ['invalid drain duration: only durations to ms precision are supported'];
  if (ms % SECOND_MS !== 0) {
    return ['invalid drain duration: drain time only supports durations to seconds precision'];
  }
  return [];
}

function addressProblems(prefix: string, value: Json | undefined, required = false): string[] {
  const address = textOf(value);
  if (address === '' && !required) return [];
  const problem = addressProblem(address);
  return problem === undefined ? [] : [`${prefix} ${problem}`];
}

function serviceProblems(prefix: string, service: Json | undefined): string[] {
  return isJsonObject(service) ? addressProblems(prefix, service.address) : [];
}

function portProblems(prefix: string, port: Json | undefined): string[] {
  const problem = portProblem(typeof port === 'number' ? port : 0);
  return problem === undefined ? [] : [`${prefix} ${problem}`];
}

function authPolicyProblems(policy: Json | undefined): string[] {
  if (policy === 'NONE' || policy === 'MUTUAL_TLS') return [];
  return [`unrecognized control plane auth policy ${JSON.stringify(policy)}`];
}

function keyProviderProblems(provider: Json | undefined): string[] {
  if (!isJsonObject(provider)) return [];
  const chosen = [provider.cryptomb, provider.qat].find(isJsonObject);
  if (chosen === undefined) return ['privateKeyProvider must name cryptomb or qat'];
  const delay = textOf(chosen.pollDelay);
  return delay === '' || durationMs(delay) === 0 ? ['pollDelay must be non zero'] : [];
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}
