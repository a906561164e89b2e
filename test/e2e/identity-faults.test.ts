// What can go wrong with a workload's certificate, each cause at one moment; all causes at all moments are in
// test/verify/identity.verify.ts. The agents, the Envoys and the CA are real.

import { gridFacts } from './support/identity/grid.ts';
import { causes } from './support/identity/causes.ts';
import { oneCellPerCause } from './support/identity/cell.ts';

describe('a certificate in trouble, and calls over mutual TLS meanwhile', function () {
  this.timeout(300_000);
  gridFacts(oneCellPerCause(causes));
});
