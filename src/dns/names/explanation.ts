// Why a name is answered from the name table, or why it is not: for people, so it may take the time to look at every
// host. It stands on what answers queries too, and cannot say otherwise.

import { isIP } from 'node:net';

import { forEachInSlices } from '../../runtime/slices.ts';
import { absolute } from './asked-name.ts';
import type { Candidate } from './candidates.ts';
import type { Hit, LookupTable } from './lookup-table.ts';
import { ruleOf, type Host, type NameRule } from './name-table.ts';

export interface NameExplanation {
  /** Lower case, absolute. */
  readonly name: string;
  /** One sentence. */
  readonly verdict: string;
  /** Names looked for in the table, in order; the last one is the one that is there, if any is. */
  readonly tried: readonly Candidate[];
  readonly answeredBy?: NamedHost;
  /** The records of an answer, as `owner TYPE data`; none for a family the host lacks. */
  readonly answers?: Readonly<Record<'A' | 'AAAA', readonly string[]>>;
  /** Hosts that have the same name, and lost it. */
  readonly passedOver: readonly NamedHost[];
  /** Hosts that have one of the names that were tried, and count as absent. */
  readonly unusable: readonly UnusableHost[];
}

interface NamedHost {
  /** As it was sent. */
  readonly host: string;
  readonly registry: string;
  /** How it came by the name. */
  readonly rule: NameRule;
  readonly ips: readonly string[];
  /** Those of `ips` that are no addresses. */
  readonly ignoredIps: readonly string[];
}

interface UnusableHost {
  readonly host: string;
  readonly registry: string;
  readonly ips: readonly string[];
  readonly why: string;
}

const NOT_THERE = 'the name table does not have it';

/** @param name lower case, absolute */
export async function explainName(lookup: LookupTable, name: string): Promise<NameExplanation> {
  const candidates = lookup.candidates(name);
  const place = candidates.findIndex((each) => lookup.hostsNamed(each.name).length > 0);
  const tried = candidates.slice(0, place < 0 ? candidates.length : place + 1);
  const unusable = await unusableHosts(lookup, new Set(tried.map((each) => each.name)));
  const found = candidates[place];
  const hit = lookup.find(name);
  if (found === undefined || hit === undefined) {
    const why = unusable.map(({ host, why: reason }) => `${host} would, but ${reason}`);
    return { ...nothing(name, [NOT_THERE, ...why].join('; ')), tried, unusable };
  }
  const [answeredBy, ...passedOver] = lookup
    .hostsNamed(found.name)
    .map((host) => namedHost(host, found.name));
  const verdict = `answered from the name table: ${relation(found, answeredBy)}`;
  return {
    name,
    verdict,
    tried,
    ...(answeredBy && { answeredBy }),
    answers: { A: records(name, hit, 'A', hit.v4), AAAA: records(name, hit, 'AAAA', hit.v6) },
    passedOver,
    unusable,
  };
}

/** Of a name that is not looked for, or not found. */
export function nothing(name: string, verdict: string): NameExplanation {
  return { name, verdict, tried: [], passedOver: [], unusable: [] };
}

async function unusableHosts(lookup: LookupTable, names: ReadonlySet<string>): Promise<UnusableHost[]> {
  const found: UnusableHost[] = [];
  await forEachInSlices(lookup.hosts.numbers(), (number) => {
    const host = lookup.hosts.at(number);
    const why = whyUnusable(host, lookup, names);
    const { registry = '', ips = [] } = host.info;
    if (why !== undefined) found.push({ host: host.name, registry, ips, why });
  });
  return found;
}

/** Undefined for a host that can be used, and for one that has none of the names. */
function whyUnusable(host: Host, lookup: LookupTable, names: ReadonlySet<string>): string | undefined {
  const made = lookup.namesOf(host);
  if (made.length === 0 && names.has(absolute(host.name)))
    return 'a host of registry Kubernetes must not end with a dot';
  const { ips = [] } = host.info;
  if (!made.some((each) => names.has(each)) || ips.some((ip) => isIP(ip) !== 0)) return undefined;
  return ips.length === 0 ? 'it has no address' : `none of its ips is an address: ${ips.join(', ')}`;
}

function namedHost({ name: host, info }: Host, name: string): NamedHost {
  const { registry = '', ips = [] } = info;
  const ignoredIps = ips.filter((ip) => isIP(ip) === 0);
  return { host, registry, rule: ruleOf(name, host, info), ips, ignoredIps };
}

function relation({ name, isAlias, isWildcard }: Candidate, by: NamedHost | undefined): string {
  const of = { own: 'the name', short: 'a short name', altHost: 'an alternate host' }[by?.rule ?? 'own'];
  return [
    `${name} is ${of} of ${by?.host}`,
    ...(isWildcard ? ['which stands for all names below'] : []),
    ...(isAlias ? ['and was asked for with the first search domain'] : []),
  ].join(', ');
}

function records(
  asked: string,
  hit: Pick<Hit, 'owner' | 'alias'>,
  type: string,
  addresses: readonly string[],
): readonly string[] {
  if (addresses.length === 0) return [];
  const aliases = hit.alias === undefined ? [] : [`${asked} CNAME ${hit.alias}`];
  return [...aliases, ...addresses.map((address) => `${hit.owner} ${type} ${address}`)];
}
