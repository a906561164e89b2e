// Cases about the application's probes.

import type { ConformanceCase } from '../case.ts';
import type { Load } from '../status.ts';

// oxlint-disable-next-line require-yield -- cases follow
export async function* probeCases(_load: Load): AsyncIterable<ConformanceCase> {}
