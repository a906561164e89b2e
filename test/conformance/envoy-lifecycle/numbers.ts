// Two tables of numbers: how many connections a statistics page tells of, and how long restarts are delayed.

import assert from 'node:assert/strict';

import { activeConnections } from '../../../src/envoy/admin/connections.ts';
import { RestartBudget } from '../../../src/envoy/start/crash-policy.ts';
import { DEFAULT_TIMING } from '../../../src/envoy/settings.ts';
import type { ConformanceCase } from '../case.ts';
import { checkShape } from './shapes.ts';

interface ConnectionsCase {
  readonly name: string;
  readonly statusPort: number;
  readonly prometheusPort: number;
  readonly secureMetricsPort: number;
  readonly secureMergedMetricsPort: number;
  readonly body: string;
  readonly expected: number;
}

export interface ConnectionLists {
  readonly cases: readonly ConnectionsCase[];
}

const PORTS = ['statusPort', 'prometheusPort', 'secureMetricsPort', 'secureMergedMetricsPort'] as const;

export function* connectionCases(lists: ConnectionLists): Iterable<ConformanceCase> {
  checkShape(lists, 'active-connections.json', ['cases'], ['description']);
  for (const item of lists.cases) yield { name: `connections: ${item.name}`, run: async () => check(item) };
}

function check(item: ConnectionsCase): void {
  const known = ['origin', 'beyond', 'compatExpected'];
  checkShape(item, item.name, ['name', ...PORTS, 'body', 'expected'], known);
  const ports = PORTS.map((name) => item[name]);
  assert.equal(activeConnections(item.body, ports), item.expected);
}

interface Delay {
  readonly attempt: number;
  readonly delayMs: number;
  readonly cappedAt60sMs: number;
}

export interface BackoffLists {
  readonly delays: readonly Delay[];
  readonly totalMs: number;
}

/** In the middle of the jitter, which then moves nothing. */
const middle = (): number => 0.5;

export function* backoffCases(lists: BackoffLists): Iterable<ConformanceCase> {
  checkShape(lists, 'restart-backoff.json', ['delays', 'totalMs'], ['description']);
  for (const item of lists.delays) {
    checkShape(item, 'delays', ['attempt', 'delayMs', 'cappedAt60sMs']);
  }
  yield {
    name: 'restart delays without a cap',
    run: async () => {
      const uncapped = spent({ ...DEFAULT_TIMING, backoffMaxMs: Number.MAX_SAFE_INTEGER });
      assert.deepEqual(uncapped, expected(lists.delays, 'delayMs'));
      assert.equal(
        uncapped.reduce((sum, [, ms]) => sum + ms, 0),
        lists.totalMs,
      );
    },
  };
  yield {
    name: 'restart delays',
    run: async () => assert.deepEqual(spent(DEFAULT_TIMING), expected(lists.delays, 'cappedAt60sMs')),
  };
}

type Attempt = readonly [attempt: number, ms: number];

function expected(delays: readonly Delay[], member: 'delayMs' | 'cappedAt60sMs'): readonly Attempt[] {
  return delays.map((delay) => [delay.attempt, delay[member]]);
}

/** Every delay until the budget is empty. */
function spent(timing: typeof DEFAULT_TIMING): readonly Attempt[] {
  const budget = new RestartBudget(timing, middle);
  const attempts: Attempt[] = [];
  for (let ms = budget.spend(); ms !== undefined; ms = budget.spend())
    attempts.push([attempts.length + 1, ms]);
  return attempts;
}
