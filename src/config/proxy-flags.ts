// The flags and the positional of `agent proxy`. The words become values in cli/go-flags.ts; what they mean
// together with everything else is agent-config.ts.
// Upstream: pilot/cmd/pilot-agent/options, app/cmd.go.

import { ConfigError } from '../runtime/errors.ts';
import { BOOL, DURATION_MS, flag, INT, STRING, type FlagKind, type FlagValues } from './flag-rows.ts';

/** A flag whose absence differs from every value. */
function unset<T>(name: string, kind: FlagKind<T>, help: string) {
  return flag<T | undefined>(name, kind, undefined, help);
}

export const proxyFlags = {
  domain: flag('domain', STRING, '', 'DNS domain of the node; empty: <namespace>.svc.cluster.local.'),
  meshConfig: flag(
    'meshConfig',
    STRING,
    './etc/istio/config/mesh',
    'Mesh configuration file; may be missing.',
  ),
  serviceCluster: flag(
    'serviceCluster',
    STRING,
    'istio-proxy',
    'Deprecated: used where ProxyConfig blanks it.',
  ),
  proxyLogLevel: flag('proxyLogLevel', STRING, 'warning', "Envoy's log level, with component:level items."),
  proxyComponentLogLevel: flag('proxyComponentLogLevel', STRING, '', 'Deprecated: component:level items.'),
  concurrency: flag('concurrency', INT, 0, 'Deprecated: worker threads; 0 leaves it to ProxyConfig.'),
  templateFile: flag('templateFile', STRING, '', 'Bootstrap template instead of the built-in one.'),
  outlierLogPath: flag('outlierLogPath', STRING, '', 'Where Envoy writes outlier events.'),
  profiling: flag('profiling', BOOL, true, 'Serve profiles on the status port, to this host only.'),
  stsPort: flag('stsPort', INT, 0, 'Accepted; there is no token exchange server.'),
  tokenManagerPlugin: flag('tokenManagerPlugin', STRING, '', 'Accepted.'),
  binaryPath: flag('binaryPath', STRING, '', 'Envoy executable; beats ProxyConfig and must exist.'),
  hotRestart: unset('hot-restart', BOOL, 'Hand over to a new Envoy at planned restarts; ENVOY_HOT_RESTART.'),
  restartPolicy: flag('restart-policy', STRING, '', 'never, on-failure or always; ENVOY_RESTART_POLICY.'),
  drainDuration: unset('drainDuration', DURATION_MS, 'Time an old Envoy drains; ProxyConfig drainDuration.'),
  parentShutdownDuration: unset(
    'parentShutdownDuration',
    DURATION_MS,
    'Life of an old Envoy after a hand-over.',
  ),
  exitCodePolicy: flag('exit-code-policy', STRING, '', "propagate: end with Envoy's own code when it dies."),
};

export type ProxyFlagValues = FlagValues<typeof proxyFlags>;

const NODE_TYPES = ['sidecar', 'router', 'waypoint', 'ztunnel', 'agentgateway'] as const;

export type NodeType = (typeof NODE_TYPES)[number];

/**
 * The node type among the positionals; further ones are ignored.
 *
 * @throws ConfigError `invalid proxy Type: <text>`
 */
export function proxyNodeType(positionals: readonly string[]): NodeType {
  const [text = 'sidecar'] = positionals;
  const type = NODE_TYPES.find((known) => known === text);
  if (type === undefined) throw new ConfigError(`invalid proxy Type: ${text}`);
  return type;
}
