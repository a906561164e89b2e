// Cases about who may call what, and how answers are compressed.

import type { ConformanceCase } from '../case.ts';
import type { Load } from '../status.ts';

// oxlint-disable-next-line require-yield -- cases follow
export async function* httpCases(_load: Load): AsyncIterable<ConformanceCase> {}
