// Pods whose rules a CNI plugin sets: their first container tries whether the rules work.

import { type Check, expect } from '../check.ts';

const VALIDATION = 'istio-validation';

export const findsTheRulesOfThePlugin: Check = async ({ pod }) => {
  const { exitCode, restarts } = pod.containers.get(VALIDATION) ?? {};
  expect(exitCode === 0 && restarts === 0, `it ended with ${exitCode} after ${restarts} restarts`);
  return undefined;
};

/** Where no plugin has set rules, the pod does not start, and the exit code says why. */
export const failsWithoutRules: Check = async ({ pod }) => {
  await pod.until(({ containers }) => containers.get(VALIDATION)?.exitCode !== undefined, 60_000);
  const { exitCode } = pod.containers.get(VALIDATION) ?? {};
  expect(exitCode === 126, `it ended with ${exitCode}`);
  const started = [...pod.containers.values()].filter(({ name, started: is }) => is && name !== VALIDATION);
  expect(started.length === 0, `${started.map(({ name }) => name).join(', ')} started nevertheless`);
  return undefined;
};
