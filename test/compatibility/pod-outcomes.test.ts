import { deepEqual } from 'node:assert/strict';

import type { Results } from '../e2e/pods/cases/results.ts';
import { expectationOutcome, type ExpectedPod, podOutcomes } from './pod-outcomes.ts';

const HELLO: ExpectedPod = {
  name: 'hello',
  source: 'v1.31',
  expects: ['is ready in time'],
  expectsAtItsEnd: ['ends with exit code 0'],
};
const TABLE = [HELLO];

function results(source: 'v1.31' | 'v1.7', passed: boolean): Results {
  return {
    pods: [{ name: 'hello', source, expectations: [{ name: 'is ready in time', passed, detail: '2 s' }] }],
  };
}

describe('podOutcomes', () => {
  it('tells of each expectation whether it was met, why not, and whether it was run', () => {
    const of = (given: Results) => podOutcomes(TABLE, given)[0]?.expectations.map(({ problem }) => problem);

    deepEqual(of(results('v1.31', true)), [undefined, 'not run']);
    deepEqual(of(results('v1.31', false)), ['2 s', 'not run']);
    deepEqual(of({ pods: [] }), ['not run', 'not run']);
  });

  it('takes no result of a pod that only has the same name', () => {
    deepEqual(podOutcomes(TABLE, results('v1.7', true))[0]?.expectations[0]?.problem, 'not run');
  });
});

describe('expectationOutcome', () => {
  const outcome = (given: Results, expectation: string) =>
    expectationOutcome(podOutcomes([HELLO, { ...HELLO, source: 'v1.7' }], given), expectation);

  it('is that of the pod to which it matters most', () => {
    const both = (passed: boolean): Results => ({
      pods: [...results('v1.31', true).pods, ...results('v1.7', passed).pods],
    });

    deepEqual(outcome(both(true), 'is ready in time'), 'passed');
    deepEqual(outcome(both(false), 'is ready in time'), 'failed');
    deepEqual(outcome(results('v1.31', true), 'is ready in time'), 'not run');
  });

  it('is not run when no pod is expected to do it', () => {
    deepEqual(outcome(results('v1.31', true), 'sings'), 'not run');
  });
});
