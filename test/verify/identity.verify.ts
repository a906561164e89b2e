// The whole grid of test/e2e/identity-faults.test.ts: every cause at every moment.

import { causes, MOMENTS } from '../e2e/support/identity/causes.ts';
import { cellsAt } from '../e2e/support/identity/cell.ts';
import { gridFacts } from '../e2e/support/identity/grid.ts';

for (const moment of MOMENTS) {
  describe(`a certificate in trouble at the moment "${moment}"`, () => {
    gridFacts(cellsAt(moment, causes));
  });
}
