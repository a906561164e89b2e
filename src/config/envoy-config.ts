// What Envoy's command line, environment and user are made of.
// Upstream: istio 1.31 pkg/envoy/proxy.go.

import { ConfigError } from '../runtime/errors.ts';
import { parseJson } from '../runtime/json.ts';
import type { Env, Environment } from './env.ts';
import type { ProxyConfig } from './proxy-config/proxy-config.ts';
import type { ProxyFlagValues } from './proxy-flags.ts';

export interface EnvoyConfig {
  /** True: run none; the agent only serves certificates and xDS. */
  readonly disabled: boolean;
  /** Where the executable is looked for: a path somebody named, ENVOY_PATH, PATH. */
  readonly binary: {
    readonly explicitPath: string | undefined;
    readonly envoyPath: string | undefined;
    readonly searchPath: string | undefined;
  };
  readonly logLevel: string;
  readonly componentLogLevel: string;
  /** Worker threads; 0: Envoy decides. */
  readonly concurrency: number;
  readonly fileFlushIntervalMs: number;
  readonly fileFlushMinSizeKb: number;
  readonly skipDeprecatedLogs: boolean;
  readonly enableCoreDump: boolean;
  /** ISTIO_BOOTSTRAP_OVERRIDE, a file; empty: none. */
  readonly bootstrapOverrideFile: string;
  readonly extraArguments: readonly string[];
  /** The whole environment of Envoy. */
  readonly environment: Readonly<Record<string, string>>;
  /** Undefined: the agent's own. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  readonly adminPort: number;
}

/** @throws ConfigError naming ENVOY_EXTRA_ARGS */
export function envoyConfig(
  flags: ProxyFlagValues,
  env: Env,
  environment: Environment,
  proxyConfig: ProxyConfig,
  uid: number,
): EnvoyConfig {
  const named = proxyConfig.origins.binaryPath === 'default' ? undefined : proxyConfig.binaryPath;
  return {
    disabled: env.disableEnvoy,
    binary: {
      explicitPath: flags.binaryPath || named,
      envoyPath: env.envoyPath || undefined,
      searchPath: environment.PATH,
    },
    logLevel: flags.proxyLogLevel,
    componentLogLevel: flags.proxyComponentLogLevel,
    concurrency: Math.max(0, proxyConfig.concurrency ?? 0),
    fileFlushIntervalMs: proxyConfig.fileFlushIntervalMs,
    fileFlushMinSizeKb: proxyConfig.fileFlushMinSizeKb,
    skipDeprecatedLogs: env.skipDeprecatedLogs,
    enableCoreDump: env.coreDump,
    bootstrapOverrideFile: env.bootstrapOverride,
    extraArguments: extraArguments(env.envoyExtraArguments),
    environment: childEnvironment(environment, env.compliancePolicy),
    // A DNS server on port 53 needs root, Envoy does not, and its traffic must not be captured.
    user: uid === 0 && env.dnsProxyAddress.endsWith(':53') ? { uid: 1337, gid: 1337 } : undefined,
    adminPort: proxyConfig.proxyAdminPort,
  };
}

function extraArguments(text: string): readonly string[] {
  const parsed = parseJson(text);
  if (Array.isArray(parsed) && parsed.every((item) => typeof item === 'string')) return parsed;
  throw new ConfigError(`ENVOY_EXTRA_ARGS must be a JSON array of strings, not ${JSON.stringify(text)}`);
}

const FIPS_CIPHERS = [
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
];

function childEnvironment(environment: Environment, policy: string): Readonly<Record<string, string>> {
  const fips = policy === 'fips-140-2' || policy === 'fips-140-3';
  const entries = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const own = Object.fromEntries(entries);
  return fips ? { ...own, GRPC_SSL_CIPHER_SUITES: FIPS_CIPHERS.join(':') } : own;
}
