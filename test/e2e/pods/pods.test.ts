// Three pods of three layouts, run by podman with the image of this project; two of them call each other over mTLS
// through capture. All others: test/verify/pods.verify.ts.

import { describePods } from './cases/described.ts';
import { OWN_PODS } from './cases/expectations.ts';

/** The images may have to be built first. */
const TIMEOUT_MS = 600_000;

const rows = OWN_PODS.filter(({ name }) => ['classic-1.7', 'native-sidecar', 'job'].includes(name));

describePods('pods', rows, { injected: undefined, timeoutMs: TIMEOUT_MS });
