// Cases about what makes a pod ready, in the reference's words.

import type { ConformanceCase } from '../case.ts';
import type { Load } from '../status.ts';

// oxlint-disable-next-line require-yield -- cases follow
export async function* readinessCases(_load: Load): AsyncIterable<ConformanceCase> {}
