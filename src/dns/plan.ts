// Where the DNS server listens, whom it asks and what it does before it knows a name: decided from DNS_PROXY_ADDR,
// the user and the resolver file. Opens nothing.
// Upstream: istio 1.31 pkg/istio-agent/agent.go, pkg/dns/client/dns.go NewLocalDNSServer.

import { isIP } from 'node:net';

import { splitHostPort } from '../config/address.ts';
import { ConfigError, messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { parseResolvConf } from './forward/resolv-conf.ts';
import { resolversIn, type Resolvers } from './forward/resolvers.ts';
import type { ResolverFile } from './forward/resolver-file.ts';
import type { SocketAddress } from './socket-address.ts';

export interface PlanSettings {
  /** DNS_PROXY_ADDR; empty means the default. */
  readonly address: string;
  /** The agent's user may listen on port 53. */
  readonly isRoot: boolean;
}

export interface PlanDeps {
  /** The file's text, or undefined when there is none. */
  readonly readText: (path: string) => Promise<string | undefined>;
  readonly log: Log;
}

export interface DnsPlan extends Resolvers {
  /** Each for UDP and TCP. */
  readonly listen: readonly SocketAddress[];
  readonly resolverFile: ResolverFile;
  /** The server takes the place of the pod's resolver: nothing would work before the first table. */
  readonly respondBeforeSync: boolean;
}

const DEFAULT_ADDRESS = 'localhost:15053';
/** What the pod's resolver was, where resolv.conf now names this server. */
const SAVED_RESOLV_CONF = '/var/lib/istio/resolv.conf';
const RESOLV_CONF = '/etc/resolv.conf';

/** @throws ConfigError for an address that is none, and for a resolver file that cannot be read */
export async function planDns(settings: PlanSettings, { readText, log }: PlanDeps): Promise<DnsPlan> {
  const onPort53 = settings.address.endsWith(':53');
  const respondBeforeSync = onPort53 && settings.isRoot;
  if (onPort53 && !settings.isRoot) log.error('DNS address :53 and not running as root, use default');
  const address = onPort53 && !settings.isRoot ? DEFAULT_ADDRESS : settings.address || DEFAULT_ADDRESS;
  const wanted = socketAddress(address);
  const file = await resolverFile(respondBeforeSync, readText);
  const listen = listenAddresses(wanted, parseResolvConf(file.text).nameservers);
  return {
    listen,
    resolverFile: { ...file, listen },
    ...resolversIn(file.text, listen, log),
    respondBeforeSync,
  };
}

function socketAddress(text: string): SocketAddress {
  try {
    const { host, port } = splitHostPort(text);
    if (/^\d{1,5}$/.test(port) && Number(port) <= 65_535) return { host, port: Number(port) };
    throw new ConfigError(`address ${text}: invalid port`);
  } catch (error) {
    const problem = 'dns address must be a valid host:port';
    throw new ConfigError(`${problem}: ${messageOf(error)} (DNS_PROXY_ADDR)`, { cause: error });
  }
}

async function resolverFile(
  preferSaved: boolean,
  readText: PlanDeps['readText'],
): Promise<{ readonly path: string; readonly text: string }> {
  try {
    for (const path of preferSaved ? [SAVED_RESOLV_CONF, RESOLV_CONF] : [RESOLV_CONF]) {
      const text = await readText(path);
      if (text !== undefined) return { path, text };
    }
  } catch (error) {
    throw new ConfigError(`cannot read the resolver file: ${messageOf(error)}`, { cause: error });
  }
  throw new ConfigError(`the resolver file ${RESOLV_CONF} does not exist`);
}

/** The families of the resolvers decide on which loopback addresses the application expects its own. */
function listenAddresses(
  { host, port }: SocketAddress,
  nameservers: readonly string[],
): readonly SocketAddress[] {
  const families = new Set(nameservers.map((server) => isIP(server)));
  const loopbacks = [...(families.has(4) ? ['127.0.0.1'] : []), ...(families.has(6) ? ['::1'] : [])];
  const hosts = host === 'localhost' && loopbacks.length > 0 ? loopbacks : [host];
  return hosts.map((each) => ({ host: each, port }));
}
