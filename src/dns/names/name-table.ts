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

/** How a host came by one of its names. */
export type NameRule = 'own' | 'short' | 'altHost';

/** The domain of all services: that of the proxy without its own namespace. */
export function serviceDomain({ namespace, domain }: NamingContext): string {
  if (domain === namespace) return '';
  return domain.startsWith(`${namespace}.`) ? domain.slice(namespace.length + 1) : domain;
}

/**
 * Absolute names in the case of the table; the host's own first. One that two rules make is there twice. None for an
 * entry nobody can ask for.
 */
export function namesOf(host: string, info: NameInfo, context: NamingContext): string[] {
  const { registry = '', shortname = '', namespace = '', altHosts = [] } = info;
  if (registry !== 'Kubernetes') return [host.endsWith('.') ? host : `${host}.`];
  if (host.endsWith('.')) return [];
  const names = [`${host}.`];
  const domain = serviceDomain(context);
  if (domain === '' || !host.endsWith(domain)) return names;
  if (shortname !== '' && namespace !== '') {
    names.push(`${shortname}.${namespace}.`);
    if (namespace === context.namespace) names.push(`${shortname}.`);
    names.push(`${shortname}.${namespace}.${domain.split('.', 1)[0]}.`);
  }
  for (const name of altHosts) names.push(`${name}.`);
  return names;
}

/** @param name one of `namesOf`, lower case */
export function ruleOf(name: string, host: string, { altHosts = [] }: NameInfo): NameRule {
  const lowerCase = host.toLowerCase();
  if (name === lowerCase || name === `${lowerCase}.`) return 'own';
  return altHosts.some((each) => `${each.toLowerCase()}.` === name) ? 'altHost' : 'short';
}
