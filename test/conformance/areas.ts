// The areas this project is judged in: one module each, loaded only when it runs.

import type { ConformanceArea } from './case.ts';

export type Areas = Readonly<Record<string, () => Promise<ConformanceArea>>>;

export const AREAS: Areas = {
  bootstrap: () => import('./bootstrap.ts'),
  iptables: () => import('./iptables.ts'),
  launch: () => import('./launch.ts'),
};
