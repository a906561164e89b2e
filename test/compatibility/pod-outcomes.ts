// What real pods did when they were last run, beside the table of what is expected of them: pod-results.json, which
// `npm run e2e:pods -- --results test/compatibility/pod-results.json` writes on a machine with podman. It is recorded
// because most pods are not in `npm test`. What has no result, or another name by now, was not run.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { INJECTED_PODS, OWN_PODS, type PodCase } from '../e2e/pods/cases/expectations.ts';
import type { Results } from '../e2e/pods/cases/results.ts';

const POD_RESULTS_FILE = join(import.meta.dirname, 'pod-results.json');

export type ExpectedPod = Pick<PodCase, 'name' | 'source' | 'expects' | 'expectsAtItsEnd'>;

/** Every pod of the table. */
export const EXPECTED_PODS: readonly ExpectedPod[] = [...OWN_PODS, ...INJECTED_PODS];

/** The problem of an expectation without a result. */
export const NOT_RUN = 'not run';

export interface PodOutcome {
  readonly name: string;
  readonly source: PodCase['source'];
  readonly expectations: readonly ExpectationOutcome[];
}

export interface ExpectationOutcome {
  readonly name: string;
  /** Undefined: it was met; else why not. */
  readonly problem: string | undefined;
}

export async function readPodResults(): Promise<Results> {
  return JSON.parse(await readFile(POD_RESULTS_FILE, 'utf8')) as Results;
}

/** In the order of the table. */
export function podOutcomes(table: readonly ExpectedPod[], { pods }: Results): readonly PodOutcome[] {
  return table.map(({ name, source, expects, expectsAtItsEnd }) => {
    const ran = pods.find((pod) => pod.name === name && pod.source === source)?.expectations ?? [];
    const expectations = [...expects, ...expectsAtItsEnd].map((expectation) => {
      const result = ran.find((each) => each.name === expectation);
      if (result?.passed === true) return { name: expectation, problem: undefined };
      return { name: expectation, problem: result === undefined ? NOT_RUN : (result.detail ?? 'failed') };
    });
    return { name, source, expectations };
  });
}

/** `failed` as soon as one pod did not meet it; a table without it has not run it. */
export function expectationOutcome(
  pods: readonly PodOutcome[],
  expectation: string,
): 'passed' | 'failed' | typeof NOT_RUN {
  const problems = pods
    .flatMap(({ expectations }) => expectations.filter(({ name }) => name === expectation))
    .map(({ problem }) => problem);
  if (problems.some((problem) => problem !== undefined && problem !== NOT_RUN)) return 'failed';
  return problems.length === 0 || problems.includes(NOT_RUN) ? NOT_RUN : 'passed';
}
