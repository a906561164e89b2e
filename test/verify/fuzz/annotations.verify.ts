// The properties of annotations, tried for minutes.

import { annotationTargets } from '../../config/fuzz/annotations-target.ts';
import { itHolds, VERIFY_SECONDS } from '../../support/fuzz.ts';

describe('configuration from hostile input: annotations, for long', () => {
  for (const target of annotationTargets) itHolds(target, VERIFY_SECONDS / annotationTargets.length);
});
