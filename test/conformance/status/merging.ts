// Cases about metrics of Envoy and of applications on one page.

import type { ConformanceCase } from '../case.ts';
import type { Load } from '../status.ts';

// oxlint-disable-next-line require-yield -- cases follow
export async function* mergeCases(_load: Load): AsyncIterable<ConformanceCase> {}
