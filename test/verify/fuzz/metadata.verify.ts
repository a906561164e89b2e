// The properties of ISTIO_METAJSON_*, tried for minutes.

import { metadataTargets } from '../../config/fuzz/metadata-target.ts';
import { itHolds, VERIFY_SECONDS } from '../../support/fuzz.ts';

describe('configuration from hostile input: ISTIO_METAJSON_*, for long', () => {
  for (const target of metadataTargets) itHolds(target, VERIFY_SECONDS / metadataTargets.length);
});
