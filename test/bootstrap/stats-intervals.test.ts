import assert from 'node:assert/strict';

import { statsIntervalParameters } from '../../src/bootstrap/stats-intervals.ts';

function intervals(flush: string | undefined, eviction?: string): (string | null | number)[] {
  const warnings: string[] = [];
  const annotations = {
    ...(flush !== undefined && { 'sidecar.istio.io/statsFlushInterval': flush }),
    ...(eviction !== undefined && { 'sidecar.istio.io/statsEvictionInterval': eviction }),
  };
  const parameters = statsIntervalParameters(annotations, (warning) => warnings.push(warning));
  return [parameters.stats_flush_interval, parameters.stats_eviction_interval, warnings.length];
}

describe('statsIntervalParameters', () => {
  it('are null without annotations', () => {
    assert.deepEqual(intervals(undefined), [null, null, 0]);
  });

  it('are written as Envoy reads them', () => {
    assert.deepEqual(intervals('1m', '5m'), ['60s', '300s', 0]);
    assert.deepEqual(intervals('500ms', '1.5s'), ['0.500s', '1.500s', 0]);
  });

  it('measure the eviction against five seconds without a flush interval', () => {
    assert.deepEqual(intervals(undefined, '10s'), [null, '10s', 0]);
    assert.deepEqual(intervals(undefined, '11s'), [null, null, 1]);
  });

  it('ignore what Envoy refuses, with a warning each', () => {
    for (const bad of ['', '10', 'abc', '0s', '-5s', '999us', '300s']) {
      assert.deepEqual(intervals(bad), [null, null, 1], bad);
    }
    assert.deepEqual(intervals('0s', '10s'), [null, '10s', 1]);
    assert.deepEqual(intervals(undefined, '0s'), [null, null, 1]);
  });

  it('leave out an eviction interval that is no multiple in whole milliseconds, as Envoy counts', () => {
    assert.deepEqual(intervals('2.5ms', '5ms'), ['0.002500s', null, 1]);
    assert.deepEqual(intervals('1.5ms', '3ms'), ['0.001500s', '0.003s', 0]);
  });

  it('have the upper limit of a duration', () => {
    assert.deepEqual(intervals(undefined, '2562047h47m16s'), [null, null, 1]);
    assert.deepEqual(intervals(undefined, '1000000h'), [null, '3600000000s', 0]);
  });
});
