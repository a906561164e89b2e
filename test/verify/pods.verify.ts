// Every pod of the table in test/e2e/pods/cases/expectations.ts: our own, and, where they lie beside the project, those
// of Istio's injector.

import { describePods } from '../e2e/pods/cases/described.ts';
import { INJECTED_PODS, OWN_PODS } from '../e2e/pods/cases/expectations.ts';
import { injectedFolder } from '../e2e/pods/cases/run-table.ts';

const TIMEOUT_MS = 1_800_000;

const injected = injectedFolder();
if (injected === undefined) console.log('no injected pods beside the project: only the own pods run');
const rows = injected === undefined ? OWN_PODS : [...OWN_PODS, ...INJECTED_PODS];

describePods('all pods', rows, { injected, timeoutMs: TIMEOUT_MS });
