// The command `discovery`: a small control plane for laptops, demos and tests, and `discovery token`, which makes
// the tokens its clients show. No upstream counterpart.

import type { Command } from 'commander';

import { DURATION_MS, flag, STRING, STRING_ARRAY, UINT16 } from '../config/flag-rows.ts';
import type { DiscoveryDeps } from '../discovery/discovery.ts';
import { systemClock, type Clock } from '../runtime/clock.ts';
import { HOUR_MS } from '../runtime/duration.ts';
import { ConfigError } from '../runtime/errors.ts';
import { aborted } from '../runtime/tasks.ts';
import { commandIndex } from './command-index.ts';
import type { CliContext } from './context.ts';
import { goCommand, type GoArguments } from './go-flags.ts';
import { withLog } from './logging.ts';

const stateDir = flag(
  'state-dir',
  STRING,
  './discovery-state',
  'Where root, keys and root-cert.pem are kept.',
);

const SERVE_FLAGS = {
  configDir: flag('config-dir', STRING, '', 'Directory of YAML files with Envoy resources. Required.'),
  stateDir,
  address: flag('address', STRING, '127.0.0.1', 'Where to listen.'),
  port: flag('port', UINT16, 15_012, 'TLS port of discovery and CA; 0 takes a free one.'),
  hosts: flag('host', STRING_ARRAY, [], 'Further name or IP address clients use; may repeat.'),
  trustDomain: flag('trust-domain', STRING, 'cluster.local', 'Trust domain of issued certificates.'),
  caCert: flag('ca-cert', STRING, '', 'Certificate of the root to sign with; default: an own one.'),
  caKey: flag('ca-key', STRING, '', 'Private key of --ca-cert.'),
  jwks: flag('jwks', STRING, '', 'JWKS file with keys of further accepted tokens.'),
};

const SERVE_HELP = `
Example:
  agent discovery --config-dir ./config --state-dir ./state
  agent discovery token --state-dir ./state --namespace default --service-account web > token

A file of --config-dir holds YAML documents such as
  nodes: ["sidecar~*~web-*"]      # ids of nodes, absent: all
  resources:
    - "@type": type.googleapis.com/envoy.config.cluster.v3.Cluster
      name: web
  names:                          # for clients that answer DNS questions
    web.default.svc.cluster.local: { ips: [10.0.0.1] }
  caCertificatesPem: ["-----BEGIN CERTIFICATE..."]   # further roots, for agents with PROXY_CONFIG_XDS_AGENT`;

const TOKEN_FLAGS = {
  stateDir,
  namespace: flag('namespace', STRING, '', 'Namespace of the workload. Required.', 'n'),
  serviceAccount: flag('service-account', STRING, '', 'Service account of the workload. Required.'),
  ttlMs: flag('ttl', DURATION_MS, HOUR_MS, 'How long the token is good for.'),
};

export function discoveryCommand(context: CliContext, clock: Clock = systemClock()): Command {
  const words = context.argv.slice(commandIndex(context.argv) + 1);
  return words[commandIndex(words)] === 'token' ? tokenCommand(context, clock) : serveCommand(context, clock);
}

function serveCommand(context: CliContext, clock: Clock): Command {
  const command = goCommand({
    name: 'discovery',
    description: 'Run a small control plane with its own CA, for demos and tests.',
    positionals: '[token]',
    flags: SERVE_FLAGS,
    usesLogFlags: true,
    unknownFlags: 'refuse',
    run: async (parsed) => {
      refuseWords(parsed.args);
      await withLog(parsed.flags, (log) => serve(context, parsed, { clock, log }));
    },
  });
  return command.addHelpText('after', SERVE_HELP);
}

function tokenCommand(context: CliContext, clock: Clock): Command {
  return goCommand({
    name: 'discovery token',
    description: 'Print a token for a workload, signed with the key of the state directory.',
    flags: TOKEN_FLAGS,
    unknownFlags: 'refuse',
    run: async ({ flags, args }) => {
      refuseWords(args.slice(1));
      const { namespace, serviceAccount, ttlMs } = flags;
      if (namespace === '' || serviceAccount === '') {
        throw new ConfigError('--namespace and --service-account are required');
      }
      const { issueToken } = await import('../discovery/token.ts');
      const request = { stateDirectory: flags.stateDir, namespace, serviceAccount, ttlMs };
      context.stdout.write(`${await issueToken(request, clock)}\n`);
    },
  });
}

type ServeArguments = GoArguments<typeof SERVE_FLAGS>;

async function serve({ signal }: CliContext, { flags }: ServeArguments, deps: DiscoveryDeps): Promise<void> {
  const { address, port, hosts, trustDomain, caCert, caKey, jwks } = flags;
  if (flags.configDir === '') throw new ConfigError('--config-dir is required');
  if ((caCert === '') !== (caKey === '')) throw new ConfigError('--ca-cert and --ca-key go together');
  const { startDiscovery } = await import('../discovery/discovery.ts');
  await using discovery = await startDiscovery(
    {
      configDirectory: flags.configDir,
      stateDirectory: flags.stateDir,
      address,
      port,
      hosts,
      trustDomain,
      rootFiles: caCert === '' ? undefined : { certificate: caCert, key: caKey },
      jwksFile: jwks === '' ? undefined : jwks,
    },
    deps,
  );
  deps.log.info(`discovery and CA listen on ${address}:${discovery.port}`);
  deps.log.info(`clients must trust ${discovery.rootCertificatePath}`);
  await aborted(signal);
  deps.log.info('discovery stops');
}

function refuseWords(words: readonly string[]): void {
  if (words.length > 0) throw new ConfigError(`unexpected argument ${JSON.stringify(words[0])}`);
}
