// Flags of `proxy`, and the flags for the log that every command takes.

import { added, differs, noted, notYet, type Subject, works, worksAnd } from '../claim.ts';

const IGNORED = 'agent/unsupported.test.ts: names flags that are given in vain';

export const proxyFlags: Subject = {
  title: 'Flags of proxy',
  introduction: '',
  column: 'Flag',
  names: 'code',
  claims: {
    'sidecar, router, waypoint, ztunnel, agentgateway': works(
      'config/agent-config.test.ts: is a sidecar unless the first positional says otherwise',
    ),
    '--domain': works(
      'agent/node-facts.test.ts: names type, first address, pod and domain',
      'config/agent-config.test.ts: derives the DNS domain from the namespace, whatever the trust domain is',
    ),
    '--meshConfig': works('config/agent-config.test.ts: reads the mesh file that --meshConfig names'),
    '--serviceCluster': works(
      'config/proxy-config/proxy-config.test.ts: uses --serviceCluster only where a layer blanks the name',
    ),
    '--proxyLogLevel': works(
      'envoy/process/arguments.test.ts: takes the last plain item as level and collects components',
      'agent/envoy-settings.test.ts: gives Envoy the command line the configuration asks for',
    ),
    '--proxyComponentLogLevel': works(
      'agent/envoy-settings.test.ts: gives Envoy the command line the configuration asks for',
    ),
    '--concurrency': works(
      'config/proxy-config/proxy-config.test.ts: lets --concurrency win, with a warning',
    ),
    '--templateFile': differs(
      'Templates are YAML or JSON with json-e and the same parameters; one written for Go is refused, with the remedy.',
      'config/proxy-config/proxy-config.test.ts: uses --templateFile unless the bootstrap is custom',
      'bootstrap/template.test.ts: is refused with a remedy when it is written for Go',
    ),
    '--outlierLogPath': works(
      'agent/node-facts.test.ts: carries ports, paths and switches of the environment',
      'cli/offline.test.ts: print the bootstrap of the same words on stdout, and why its parts are there on stderr',
    ),
    '--profiling': differs(
      'The same gate; behind it are profiles of V8 in place of those of Go.',
      'agent/status.test.ts: shows debug pages and profiles unless they are switched off',
      'status/profiling/pprof-pages.test.ts: has nothing that Go alone has',
    ),
    '--stsPort': worksAnd(
      'Without effect but for `STS_PORT` in the node’s metadata, as in 1.31; a warning says so.',
      'agent/node-facts.test.ts: carries ports, paths and switches of the environment',
      IGNORED,
    ),
    '--tokenManagerPlugin': worksAnd('Without effect, as in 1.31; a warning says so.', IGNORED),
    '--help': works(
      'cli/main.test.ts: shows help on stdout without a command, on request, and for one command',
    ),
    '--binaryPath': added('envoy/process/binary.test.ts: takes the named one before all others'),
    '--hot-restart': noted(
      '`true` unless it is given: `--hot-restart=false` is 1.31’s way.',
      added('config/supervision-config.test.ts: let flags win over variables'),
    ),
    '--restart-policy': noted(
      '`on-failure` unless it is given: `never` is 1.31’s way.',
      added(
        'config/supervision-config.test.ts: let flags win over variables',
        'envoy/start/cold-start.test.ts: ends as upstream does under the policy never, whatever the exit',
      ),
    ),
    '--drainDuration': added(
      'config/proxy-config/proxy-config.test.ts: lets --drainDuration win over every layer, and validates it',
    ),
    '--parentShutdownDuration': noted(
      '1.7 had it, 1.31 ignores it.',
      added('config/supervision-config.test.ts: let flags win over variables'),
    ),
    '--exit-code-policy': added('cli/proxy-end.test.ts: is … after … …'),
  },
};

export const logFlags: Subject = {
  title: 'Flags of the log',
  introduction: 'Every command takes them; `proxy` and `istio-iptables` go by them.',
  column: 'Flag',
  names: 'code',
  claims: {
    '--log_target': works(
      'cli/go-flags.test.ts: collects --log_target, the first use dropping the default',
      'cli/logging.test.ts: writes each line at once, in the wanted form, to every target',
    ),
    '--log_as_json': works(
      'runtime/log-line.test.ts: has its keys in order, fields with their kind, nothing that is absent',
      'bootstrap/bootstrap.test.ts: writes the log as JSON when the agent does',
    ),
    '--log_output_level': worksAnd(
      '`/debug/logging` changes levels of a running agent.',
      'config/log-flags.test.ts: applies entries from left to right, `all` to every scope',
      'config/log-flags.test.ts: refuses unknown levels and a third part',
    ),
    '--log_stacktrace_level': works(
      'runtime/log-settings.test.ts: brings stacks from the wanted level on, and callers for the wanted scopes',
    ),
    '--log_caller': works(
      'config/log-flags.test.ts: takes the scopes whose lines bring a stack or name their caller',
      'runtime/log-line.test.ts: names the caller before the message and puts the stack below',
    ),
    '--vklog': notYet(
      'There is no Kubernetes client library whose verbosity it could set; a warning says so.',
      IGNORED,
    ),
    'form of a line': works(
      'runtime/log-line.test.ts: separates time, level, scope, message and fields by tabs, and keeps newlines',
    ),
  },
};
