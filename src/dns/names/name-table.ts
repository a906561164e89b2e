// One entry of the name table that the control plane sends, and the names under which it is known.
// Upstream: istio 1.31 pkg/dns/proto/nds.proto, pkg/dns/client/dns.go generateAltHosts.

/** As in proto3: what is not given is empty. */
export interface NameInfo {
  readonly ips?: readonly string[];
  /** `Kubernetes` for services of a cluster; anything else is an external host. */
  readonly registry?: string;
  readonly shortname?: string;
  readonly namespace?: string;
  readonly altHosts?: readonly string[];
}

/** A host and what the table says about it. */
export interface Host {
  readonly name: string;
  readonly info: NameInfo;
}

/** What names depend on beside the entry. */
export interface NamingContext {
  /** Services in it are known by their bare name. */
  readonly namespace: string;
  /** DNS domain of the proxy; `serviceDomain` of it counts. */
  readonly domain: string;
}

/** The domain of all services: that of the proxy without its own namespace. */
export function serviceDomain({ namespace, domain }: NamingContext): string {
  const [first, ...rest] = domain.split('.');
  return first === namespace ? rest.join('.') : domain;
}

/** Absolute names in the case of the table; the host's own first. None for an entry nobody can ask for. */
export function namesOf(host: string, info: NameInfo, context: NamingContext): readonly string[] {
  const { registry = '', shortname = '', namespace = '', altHosts = [] } = info;
  if (registry !== 'Kubernetes') return [host.endsWith('.') ? host : `${host}.`];
  if (host.endsWith('.')) return [];
  const domain = serviceDomain(context);
  if (domain === '' || !host.endsWith(domain)) return [`${host}.`];
  const [first = ''] = domain.split('.');
  const short = [
    `${shortname}.${namespace}.`,
    ...(namespace === context.namespace ? [`${shortname}.`] : []),
    `${shortname}.${namespace}.${first}.`,
  ];
  const isNamed = shortname !== '' && namespace !== '';
  return [...new Set([`${host}.`, ...(isNamed ? short : []), ...altHosts.map((name) => `${name}.`)])];
}
