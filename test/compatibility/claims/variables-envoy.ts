// Variables about Envoy: what it is started with, how it is started again and how it ends.

import { added, differs, noted, type Subject, works } from '../claim.ts';

const LISTENERS = 'agent/bootstrap-settings.test.ts: has its listeners where the variables want them';
const REACHED = 'config/variables.test.ts: about Envoy reach its command line and its environment';
const LIMITS = 'config/shutdown-config.test.ts: takes every limit from its variable';
const TIMES =
  'config/supervision-config.test.ts: take the times of restarts from variables, of which none is negative';

export const envoyVariables: Subject = {
  title: 'Variables of Envoy',
  introduction: '',
  column: 'Variable',
  names: 'code',
  claims: {
    DISABLE_ENVOY: works(
      REACHED,
      'agent/agent-modes.test.ts: serves xDS and its status, needs nothing of Envoy, and ends when it is told to',
      'e2e/proxyless.test.ts: gets ready with its certificates, replaces them in their files, and ends when it is told to',
    ),
    ISTIO_DUAL_STACK: works(
      'agent/bootstrap-sections.test.ts: sees the second address family of a dual stack',
      'bootstrap/bootstrap.test.ts: get the other family under dual stack',
      'cli/istio-iptables-effects.test.ts: capture IPv6 beside IPv4 with --dual-stack',
    ),
    ENVOY_STATUS_PORT: works(LISTENERS),
    ENVOY_PROMETHEUS_PORT: works(
      LISTENERS,
      'agent/status.test.ts: takes ports, targets and visibility from the configuration',
    ),
    ENVOY_SECURE_METRICS_PORT: works(
      LISTENERS,
      'bootstrap/bootstrap.test.ts: serve statistics over mutual TLS on the secure ports',
    ),
    ENVOY_SECURE_MERGED_METRICS_PORT: works(
      LISTENERS,
      'e2e/metrics-merge.test.ts: are handed to clients with a certificate of the mesh by Envoy, and to no others',
    ),
    ENVOY_STATUS_PORT_ENABLE_PROXY_PROTOCOL: works(
      'agent/bootstrap-settings.test.ts: has the PROXY protocol on the readiness listener with its variable',
    ),
    ENVOY_SKIP_DEPRECATED_LOGS: works(
      REACHED,
      'envoy/process/arguments.test.ts: gives the upstream list, in its order, without hot restart',
    ),
    ISTIO_BOOTSTRAP: differs(
      'The same place among the sources; templates are YAML or JSON with json-e, and one written for Go is refused with the remedy.',
      'bootstrap/bootstrap-source.test.ts: prefers the variable over the configuration',
      'bootstrap/template.test.ts: is refused with a remedy when it is written for Go',
    ),
    ISTIO_BOOTSTRAP_OVERRIDE: works(
      REACHED,
      'bootstrap/bootstrap-override.test.ts: makes one line of JSON from YAML, keys sorted',
      'bootstrap/bootstrap-override.test.ts: goes on without an override that it cannot use',
    ),
    ISTIO_ENVOY_ENABLE_CORE_DUMP: works(
      REACHED,
      'envoy/process/arguments.test.ts: gives the upstream list, in its order, without hot restart',
    ),
    HTTP_STRIP_FRAGMENT_FROM_PATH_UNSAFE_IF_DISABLED: works(
      'agent/bootstrap-settings.test.ts: keeps fragments of paths with HTTP_STRIP_FRAGMENT_FROM_PATH_UNSAFE_IF_DISABLED=false',
    ),
    ENVOY_PATH: added('envoy/process/binary.test.ts: takes the default place, then ENVOY_PATH, then PATH'),
    ENVOY_FLAVOR: added('agent/effective-bootstrap.test.ts: believes ENVOY_FLAVOR'),
    ENVOY_EXTRA_ARGS: added(
      'config/agent-config.test.ts: take extra arguments from a JSON array of strings and nothing else',
    ),
  },
};

export const restartVariables: Subject = {
  title: 'Variables of restarts',
  introduction:
    'The first two act without being set; `ENVOY_HOT_RESTART=false` with `ENVOY_RESTART_POLICY=never` is what 1.31 does.',
  column: 'Variable',
  names: 'code',
  claims: {
    ENVOY_HOT_RESTART: noted(
      'true: planned restarts hand over to a new Envoy.',
      added(
        'e2e/hot-restart.test.ts: hands over three times under load without a failed request',
        'envoy/supervisor.test.ts: passes --disable-hot-restart and refuses planned restarts',
        'config/shutdown-config.test.ts: gives no time from SIGTERM to SIGKILL without hot restart, unless it is set',
      ),
    ),
    ENVOY_RESTART_POLICY: noted(
      'on-failure: an Envoy that dies is started again in the same container.',
      added(
        'e2e/hot-restart.test.ts: starts Envoy again after it was killed',
        'agent/agent.test.ts: ends with Envoy when the policy is not to start it again',
      ),
    ),
    PARENT_SHUTDOWN_DURATION: added('config/supervision-config.test.ts: let flags win over variables'),
    ENVOY_HANDOFF_TIMEOUT: added(
      'e2e/hot-restart-failures.test.ts: R9: because its control plane is silent, is given up at the deadline, and costs nothing',
      TIMES,
    ),
    ENVOY_RESTART_BACKOFF_MAX: added(
      'cli/proxy-end.test.ts: is 255 when Envoy has crashed too often, and says so',
    ),
    ENVOY_RESTART_RESET_AFTER: added(
      'envoy/start/cold-start.test.ts: has its full budget again after ten minutes live',
      TIMES,
    ),
    ENVOY_RESTART_DEBOUNCE: added(
      'agent/restart-watcher.test.ts: U17 looks at a burst once, at the end of the window that its first event opened',
      TIMES,
    ),
    ENVOY_RESTART_JITTER: added(
      'agent/restart-watcher.test.ts: waits a random time up to the jitter before it asks',
      TIMES,
    ),
    RESTART_ON_LABEL_CHANGE: added('agent/restart-watcher.test.ts: restarts for labels when told to', TIMES),
    ENVOY_RESTART_MEMORY_CHECK: added(
      'envoy/restart/gates.test.ts: are not there when the check is off',
      TIMES,
    ),
    ENVOY_HANDOFF_SOAK: added('envoy/serving.test.ts: calls it committed when probation is over', TIMES),
    ENVOY_BASE_ID: added(
      'config/supervision-config.test.ts: refuse a base id that Envoy or another Envoy would not do with',
    ),
  },
};

export const shutdownVariables: Subject = {
  title: 'Variables of the end',
  introduction: '',
  column: 'Variable',
  names: 'code',
  claims: {
    EXIT_ON_ZERO_ACTIVE_CONNECTIONS: works(
      'e2e/shutdown-sequences.test.ts: an idle sidecar that waits for zero connections ends after 6 s',
      'bootstrap/stats-config.test.ts: keeps connection counts when the exit waits for them',
      'agent/envoy-settings.test.ts: ends Envoy as the configuration says',
    ),
    MINIMUM_DRAIN_DURATION: works(
      'config/shutdown-config.test.ts: takes a negative MINIMUM_DRAIN_DURATION for none, as the reference does, and warns',
      LIMITS,
    ),
    TERMINATION_DRAIN_DURATION_SECONDS: differs(
      'Only 1.7 read it; it still overrides `terminationDrainDuration`.',
      'config/shutdown-config.test.ts: honours the old variable for the termination drain',
    ),
    EXIT_ON_ZERO_ACTIVE_REQUESTS: added(
      'envoy/end/open-watch.test.ts: waits for requests, not for idle connections, when told so',
      LIMITS,
    ),
    MAXIMUM_DRAIN_DURATION: added(
      'envoy/end/open-watch.test.ts: ends at MAXIMUM_DRAIN_DURATION from the drain, whatever is open',
      LIMITS,
    ),
    PRE_DRAIN_DELAY: added('envoy/end/drain.test.ts: begins after it', LIMITS),
    TERMINATION_GRACE_PERIOD_SECONDS: added(
      'envoy/end/drain.test.ts: stops waiting 2 s before it, says what is open, and leaves 0.5 s to the agent',
      LIMITS,
    ),
    ENVOY_TERM_GRACE: added(
      'envoy/end/termination.test.ts: kills an Envoy that is still there two seconds after SIGTERM, and says so',
      LIMITS,
    ),
    AGENT_SECOND_SIGNAL: added(
      'cli/proxy-signals.test.ts: end it without waiting when SIGTERM comes twice and that is asked for',
    ),
    NATIVE_SIDECAR_DRAIN: added(
      'envoy/end/drain.test.ts: does not happen with NATIVE_SIDECAR_DRAIN=false: the end is as any other',
    ),
    TERMINATION_MESSAGE_PATH: noted(
      'Writes to `/dev/termination-log` unless it is set empty.',
      added('cli/proxy-end.test.ts: leaves no secret and no more than Kubernetes reads of the reason'),
    ),
  },
};
