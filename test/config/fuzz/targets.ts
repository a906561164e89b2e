// The properties of configuration, in four groups. The ordinary tests try each group for a while, `npm run verify`
// for longer.

import type { FuzzTarget } from '../../support/fuzz.ts';
import { annotationTargets } from './annotations-target.ts';
import { metadataTargets } from './metadata-target.ts';
import { proxyConfigTargets } from './proxy-config-target.ts';
import { valueTargets } from './values-target.ts';

export const CONFIG_TARGETS: Readonly<Record<string, readonly FuzzTarget[]>> = {
  'mesh YAML': proxyConfigTargets,
  annotations: annotationTargets,
  'ISTIO_METAJSON_*': metadataTargets,
  durations: valueTargets,
};
