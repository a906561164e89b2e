import { join } from 'node:path';

import type { ConformanceCase } from '../conformance/case.ts';
import { cases } from '../conformance/config.ts';

const vectors: ConformanceCase[] = [];
for await (const vector of cases(join(import.meta.dirname, 'vectors'))) vectors.push(vector);

describe('configuration vectors', () => {
  for (const { name, run } of vectors) it(`hold for ${name}`, run);
});
