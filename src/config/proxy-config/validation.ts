// What a resolved ProxyConfig must fulfil. Every rule gives its problems as data, so that all of them can be shown at
// once.
// Upstream: istio 1.31 pkg/config/validation/agent ValidateMeshConfigProxyConfig.

import { SECOND_MS } from '../../runtime/duration.ts';
import { isJsonObject, textOf, type Json, type JsonObject } from '../../runtime/json.ts';
import { addressProblem, portProblem } from '../address.ts';
import { connectionSettingsProblems } from './connection-settings-validation.ts';
import { durationMs } from './proto-scalars.ts';
import { KEY_PROVIDERS, privateKeyProviderWarning } from './private-key-provider.ts';
import { tracingProblems } from './tracing-validation.ts';
import type { Problem } from './validation-problem.ts';

/** @param config in canonical form, zero values kept. @returns in upstream's order */
export function proxyConfigProblems(config: JsonObject): readonly Problem[] {
  return [
    ...presence('configPath', config, 'config path must be set'),
    ...presence('binaryPath', config, 'binary path must be set'),
    ...clusterNameProblems(config),
    ...drainProblems(textOf(config.drainDuration)),
    ...discoveryProblems(textOf(config.discoveryAddress)),
    ...tracingProblems(config.tracing),
    ...addressProblems('statsdUdpAddress', config.statsdUdpAddress, 'statsd udp'),
    ...addressProblems(
      'envoyMetricsServiceAddress',
      config.envoyMetricsServiceAddress,
      'envoy metrics service',
    ),
    ...serviceProblems('envoyMetricsService', config.envoyMetricsService, 'envoy metrics service'),
    ...serviceProblems('envoyAccessLogService', config.envoyAccessLogService, 'envoy access log service'),
    ...portProblems('proxyAdminPort', config.proxyAdminPort, 'proxy admin'),
    ...authPolicyProblems(config.controlPlaneAuthPolicy),
    ...portProblems('statusPort', config.statusPort, 'status'),
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
  const provider = privateKeyProviderWarning(config.privateKeyProvider);
  if (provider !== undefined) warnings.push(provider);
  return warnings;
}

function presence(field: string, config: JsonObject, text: string): Problem[] {
  return textOf(config[field]) === '' ? [{ field, text }] : [];
}

function clusterNameProblems(config: JsonObject): Problem[] {
  if (config.tracingServiceName !== undefined) return [];
  if (config.serviceCluster !== undefined) {
    return presence('serviceCluster', config, 'service cluster must be specified');
  }
  return [
    { field: 'serviceCluster', text: 'oneof service cluster or tracing service name must be specified' },
  ];
}

function drainProblems(drain: string): Problem[] {
  const problem = (text: string): Problem[] => [
    { field: 'drainDuration', text: `invalid drain duration: ${text}` },
  ];
  const ms = drain === '' ? 0 : durationMs(drain);
  if (ms < 1) return problem('duration must be greater than 1ms');
  if (!Number.isInteger(ms)) return problem('only durations to ms precision are supported');
  if (ms % SECOND_MS !== 0) return problem('drain time only supports durations to seconds precision');
  return [];
}

function discoveryProblems(address: string): Problem[] {
  const problem = addressProblem(address);
  return problem === undefined
    ? []
    : [{ field: 'discoveryAddress', text: `invalid discovery address: ${problem}` }];
}

function addressProblems(field: string, value: Json | undefined, what: string): Problem[] {
  const address = textOf(value);
  const problem = address === '' ? undefined : addressProblem(address);
  return problem === undefined ? [] : [{ field, text: `invalid ${what} address: ${problem}` }];
}

function serviceProblems(field: string, service: Json | undefined, what: string): Problem[] {
  return isJsonObject(service) ? addressProblems(`${field}.address`, service.address, what) : [];
}

function portProblems(field: string, port: Json | undefined, what: string): Problem[] {
  const problem = portProblem(typeof port === 'number' ? port : 0);
  return problem === undefined ? [] : [{ field, text: `invalid ${what} port: ${problem}` }];
}

function authPolicyProblems(policy: Json | undefined): Problem[] {
  if (policy === 'NONE' || policy === 'MUTUAL_TLS') return [];
  const text = `unrecognized control plane auth policy ${JSON.stringify(policy)}`;
  return [{ field: 'controlPlaneAuthPolicy', text }];
}

function keyProviderProblems(provider: Json | undefined): Problem[] {
  if (!isJsonObject(provider)) return [];
  const name = KEY_PROVIDERS.find((name) => isJsonObject(provider[name]));
  if (name === undefined) {
    return [{ field: 'privateKeyProvider', text: 'privateKeyProvider must name cryptomb or qat' }];
  }
  const chosen = provider[name];
  const delay = isJsonObject(chosen) ? textOf(chosen.pollDelay) : '';
  if (delay !== '' && durationMs(delay) !== 0) return [];
  return [{ field: `privateKeyProvider.${name}.pollDelay`, text: 'pollDelay must be non zero' }];
}
