// The areas this project is judged in: one module each, loaded only when it runs.

import type { ConformanceArea } from './case.ts';

export type Areas = Readonly<Record<string, () => Promise<ConformanceArea>>>;

export const AREAS: Areas = {
  bootstrap: () => import('./bootstrap.ts'),
  config: () => import('./config.ts'),
  dns: () => import('./dns.ts'),
  'envoy-lifecycle': () => import('./envoy-lifecycle.ts'),
  inject: () => import('./inject.ts'),
  iptables: () => import('./iptables.ts'),
  kernel: () => import('./kernel.ts'),
  launch: () => import('./launch.ts'),
  security: () => import('./security.ts'),
  status: () => import('./status.ts'),
  xds: () => import('./xds.ts'),
};

/** Directories below the conformance root of areas that are not called like theirs. */
export const DIRECTORIES: Readonly<Record<string, string>> = { kernel: 'iptables/real' };
