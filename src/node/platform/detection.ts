// Finds out on which cloud this instance runs, and what that cloud says of it: all clouds are asked at once, the first
// that answers for itself wins, and after five seconds whatever is known by then has to do.
// Upstream: istio 1.31 pkg/bootstrap/platform/discovery.go, whose limit covers the first half only.

import type { Clock } from '../../runtime/clock.ts';
import { SECOND_MS } from '../../runtime/duration.ts';
import type { Log } from '../../runtime/log.ts';
import { withTimeLimit } from '../../runtime/time-limit.ts';
import { aws } from './aws.ts';
import { azure } from './azure.ts';
import { gcp } from './gcp.ts';
import type { GcpFacts } from './gcp-facts.ts';
import { UNKNOWN_PLATFORM, type Cloud, type Platform } from './platform.ts';
import { resolve4 } from './resolve.ts';

export interface PlatformSettings {
  /** CLOUD_PLATFORM: aws, azure, gcp or none, in any case; anything else detects. */
  readonly choice: string;
  /** An address of this instance is an IPv6 one: then AWS is asked over IPv6. */
  readonly hasIpv6: boolean;
  /** KUBERNETES_SERVICE_HOST is set. */
  readonly inKubernetes: boolean;
  readonly gcp: GcpFacts & { readonly metadataHost: string };
}

export interface PlatformDeps {
  readonly clock: Pick<Clock, 'sleep'>;
  readonly log: Log;
  /** The file's text, or undefined when there is none. */
  readonly readText: (path: string) => Promise<string | undefined>;
  /** Default: the link-local addresses of the clouds. */
  readonly endpoints?: Endpoints;
  /** IPv4 addresses of a name. Default: from the DNS servers of the host. */
  readonly resolve4?: (name: string, signal: AbortSignal) => Promise<readonly string[]>;
}

/** `http://` and an address each. */
export interface Endpoints {
  readonly v4: string;
  /** Of AWS alone. */
  readonly v6: string;
}

const LINK_LOCAL: Endpoints = { v4: 'http://169.254.169.254', v6: 'http://[fd00:ec2::254]' };
const LIMIT_MS = 5 * SECOND_MS;

/**
 * Takes five seconds at most, and none of its questions outlives it. Nothing is asked for `none`.
 *
 * @throws the signal's reason, when it aborts; nothing else
 */
export async function detectPlatform(
  settings: PlatformSettings,
  deps: PlatformDeps,
  signal: AbortSignal,
): Promise<Platform> {
  const choice = settings.choice.toLowerCase();
  if (choice === 'none') return UNKNOWN_PLATFORM;
  const { clouds, chosen } = cloudsOf(settings, deps, choice);
  const limit = { clock: deps.clock, ms: LIMIT_MS, late: `the platform was not known within ${LIMIT_MS} ms` };
  return withTimeLimit(limit, signal, async (asking) => {
    const cloud = chosen ?? (await firstDetected(clouds, deps.log, asking));
    const platform = (await cloud?.describe(asking)) ?? UNKNOWN_PLATFORM;
    signal.throwIfAborted();
    if (cloud === undefined && asking.aborted) {
      deps.log.info('timed out waiting for platform detection, treating it as Unknown');
    }
    return platform;
  });
}

interface Clouds {
  readonly clouds: readonly Cloud[];
  readonly chosen: Cloud | undefined;
}

function cloudsOf(settings: PlatformSettings, deps: PlatformDeps, choice: string): Clouds {
  const { hasIpv6, inKubernetes } = settings;
  const { endpoints = LINK_LOCAL } = deps;
  const named: Readonly<Record<string, Cloud>> = {
    gcp: gcp({ ...settings.gcp, endpoint: endpoints.v4, inKubernetes }, { resolve4, ...deps }),
    aws: aws({ endpoint: hasIpv6 ? endpoints.v6 : endpoints.v4 }, deps),
    azure: azure({ endpoint: endpoints.v4 }, deps),
  };
  return { clouds: Object.values(named), chosen: Object.hasOwn(named, choice) ? named[choice] : undefined };
}

/** The first cloud to know itself ends the questions of the others. */
async function firstDetected(
  clouds: readonly Cloud[],
  log: Log,
  signal: AbortSignal,
): Promise<Cloud | undefined> {
  const found = new AbortController();
  const until = AbortSignal.any([signal, found.signal]);
  const hits: Cloud[] = [];
  await Promise.all(
    clouds.map(async (cloud) => {
      if (!(await cloud.detect(until))) return;
      hits.push(cloud);
      found.abort();
    }),
  );
  const [first] = hits;
  if (first !== undefined) log.info(`platform detected is ${first.name}`);
  return first;
}
