// The flags and the positional of `agent proxy`. The words become values in cli/go-flags.ts; what they mean
// together with everything else is agent-config.ts.
// Upstream: pilot/cmd/pilot-agent/options, app/cmd.go.

import { ConfigError } from '../runtime/errors.ts';
import { BOOL, DURATION_MS, flag, INT, STRING, type FlagKind, type FlagValues } from './flag-rows.ts';

/** A flag whose absence differs from every value. */
function unset<T>(name: string, kind: FlagKind<T>, help: string) {
  return flag<T | undefined>(name, kind, undefined, help);
}

const NO_STS = { noEffect: 'there is no token exchange server: the reference no longer uses one either' };
const ENVOY_LEVELS = ['trace', 'debug', 'info', 'warning', 'error', 'critical', 'off'];

export const proxyFlags = {
  domain: flag(
    'domain',
    STRING,
    '',
    'DNS domain of the node, for example shop.svc.cluster.local; empty: <namespace>.svc.cluster.local.',
  ),
  meshConfig: flag(
    'meshConfig',
    STRING,
    './etc/istio/config/mesh',
    'Mesh configuration, a YAML file; its defaultConfig is the first layer of ProxyConfig. May be missing.',
  ),
  serviceCluster: flag(
    'serviceCluster',
    STRING,
    'istio-proxy',
    'Deprecated: serviceCluster where ProxyConfig has an empty one.',
  ),
  proxyLogLevel: flag(
    'proxyLogLevel',
    STRING,
    'warning',
    "Envoy's log level, for some components another: info,upstream:debug.",
    undefined,
    { choices: ENVOY_LEVELS },
  ),
  proxyComponentLogLevel: flag(
    'proxyComponentLogLevel',
    STRING,
    '',
    'Deprecated: the component:level items of proxyLogLevel.',
  ),
  concurrency: flag(
    'concurrency',
    INT,
    0,
    "Deprecated: Envoy's worker threads; 0 leaves them to ProxyConfig concurrency.",
  ),
  templateFile: flag('templateFile', STRING, '', 'Bootstrap template, a file, instead of the built-in one.'),
  outlierLogPath: flag('outlierLogPath', STRING, '', 'File Envoy writes outlier events to; empty: none.'),
  profiling: flag('profiling', BOOL, true, 'Serve profiles on the status port, to this host only.'),
  stsPort: flag('stsPort', INT, 0, 'Accepted: there is no token exchange server.', undefined, NO_STS),
  tokenManagerPlugin: flag('tokenManagerPlugin', STRING, '', 'Accepted, likewise.', undefined, NO_STS),
  binaryPath: flag('binaryPath', STRING, '', 'Envoy, a file that must exist; beats ProxyConfig binaryPath.'),
  hotRestart: unset(
    'hot-restart',
    BOOL,
    'Planned restarts hand over to a new Envoy and lose no request; default: ENVOY_HOT_RESTART, true.',
  ),
  restartPolicy: flag(
    'restart-policy',
    STRING,
    '',
    'When Envoy ends by itself: never, on-failure or always start it again; default: ENVOY_RESTART_POLICY, on-failure.',
    undefined,
    { choices: ['never', 'on-failure', 'always'] },
  ),
  drainDuration: unset(
    'drainDuration',
    DURATION_MS,
    'How long an old Envoy drains, whole seconds; default: ProxyConfig drainDuration, 45s.',
  ),
  parentShutdownDuration: unset(
    'parentShutdownDuration',
    DURATION_MS,
    'How long an old Envoy lives after a hand-over, more than the drain; default 1m.',
  ),
  exitCodePolicy: flag(
    'exit-code-policy',
    STRING,
    '',
    "propagate: end with Envoy's own code when it dies; empty: with 0.",
    undefined,
    { choices: ['propagate'] },
  ),
};

export type ProxyFlagValues = FlagValues<typeof proxyFlags>;

/** What the first word of `proxy` may be. */
export const NODE_TYPES = ['sidecar', 'router', 'waypoint', 'ztunnel', 'agentgateway'] as const;

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
