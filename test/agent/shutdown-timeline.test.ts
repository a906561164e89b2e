import { deepEqual } from 'node:assert/strict';

import { shutdownTimeline } from '../../src/agent/shutdown-timeline.ts';
import { agentConfig, type GivenConfig } from './support/agent-config.ts';

const CONNECTIONS = { EXIT_ON_ZERO_ACTIVE_CONNECTIONS: 'true' };
const REQUESTS = { EXIT_ON_ZERO_ACTIVE_REQUESTS: 'true' };
const POD = 'TERMINATION_GRACE_PERIOD_SECONDS';
const AS_UPSTREAM = { ENVOY_HOT_RESTART: 'false' };
const DEFAULT = 'drain at 0s, SIGTERM to Envoy at 5s, SIGKILL at 7s';
const NOT_REACHED = 'drainDuration 45s is not reached';
const UNKNOWN = 'grace period unknown';
const OF_30S = 'grace period 30s';

function grace(seconds: number): string {
  return `the grace period of ${seconds}s (TERMINATION_GRACE_PERIOD_SECONDS)`;
}

interface Row {
  readonly env?: Record<string, string>;
  readonly proxyConfig?: object;
  readonly line: string;
  readonly warnings?: readonly string[];
}

const rows: Readonly<Record<string, Row>> = {
  'the defaults': { line: `${DEFAULT}; ${UNKNOWN}` },
  'the defaults in a pod that says how long it waits': {
    env: { [POD]: '30' },
    line: `${DEFAULT}; ${OF_30S}`,
  },
  'upstream: no SIGTERM': {
    env: AS_UPSTREAM,
    line: `drain at 0s, SIGKILL to Envoy at 5s; ${UNKNOWN}; ${NOT_REACHED}`,
  },
  'a long drain': {
    proxyConfig: { terminationDrainDuration: '90s' },
    line: `drain at 0s, SIGTERM to Envoy at 1m30s, SIGKILL at 1m32s; ${UNKNOWN}`,
  },
  'upstream with a drain in which Envoy closes its listeners': {
    env: AS_UPSTREAM,
    proxyConfig: { terminationDrainDuration: '90s' },
    line: `drain at 0s, draining listeners close at 45s, SIGKILL to Envoy at 1m30s; ${UNKNOWN}`,
  },
  'a delay before the drain': {
    env: { PRE_DRAIN_DELAY: '10s', ENVOY_TERM_GRACE: '1s', [POD]: '30' },
    line: `drain at 10s, SIGTERM to Envoy at 15s, SIGKILL at 16s; ${OF_30S}`,
  },
  'a drain that just fits': {
    env: { [POD]: '30' },
    proxyConfig: { terminationDrainDuration: '28s' },
    line: `drain at 0s, SIGTERM to Envoy at 28s, SIGKILL at 29.5s; ${OF_30S}`,
  },
  'a drain as long as the grace period': {
    env: { [POD]: '30' },
    proxyConfig: { terminationDrainDuration: '30s' },
    line: `drain at 0s, SIGTERM to Envoy at 28s, SIGKILL at 29.5s; ${OF_30S}`,
    warnings: [
      `terminationDrainDuration 30s + ENVOY_TERM_GRACE 2s do not fit into ${grace(30)}: ` +
        'SIGTERM to Envoy at 28s, SIGKILL at 29.5s',
    ],
  },
  'three times that do not fit together': {
    env: { PRE_DRAIN_DELAY: '10s', ENVOY_TERM_GRACE: '10s', [POD]: '30' },
    proxyConfig: { terminationDrainDuration: '12s' },
    line: `drain at 10s, SIGTERM to Envoy at 22s, SIGKILL at 29.5s; ${OF_30S}`,
    warnings: [
      `PRE_DRAIN_DELAY 10s + terminationDrainDuration 12s + ENVOY_TERM_GRACE 10s do not fit into ${grace(30)}: ` +
        'SIGTERM to Envoy at 22s, SIGKILL at 29.5s',
    ],
  },
  'upstream with a drain as long as the grace period': {
    env: { ...AS_UPSTREAM, [POD]: '30' },
    proxyConfig: { terminationDrainDuration: '30s' },
    line: `drain at 0s, SIGKILL to Envoy at 28s; ${OF_30S}; ${NOT_REACHED}`,
    warnings: [`terminationDrainDuration 30s does not fit into ${grace(30)}: SIGKILL to Envoy at 28s`],
  },
  'a delay longer than the grace period': {
    env: { PRE_DRAIN_DELAY: '40s', [POD]: '30' },
    line: `no drain, SIGTERM to Envoy at 28s, SIGKILL at 29.5s; ${OF_30S}`,
    warnings: [`PRE_DRAIN_DELAY 40s and ${grace(30)} leave no time to drain`],
  },
  'a grace period of nothing': {
    env: { [POD]: '1' },
    line: `no drain, SIGTERM to Envoy at 0s, SIGKILL at 500ms; grace period 1s`,
    warnings: [`${grace(1)} leaves no time to drain`],
  },
  'waiting for connections': {
    env: CONNECTIONS,
    line:
      'drain at 0s, SIGTERM to Envoy once no connection is open, from 6s on without limit, SIGKILL 2s later; ' +
      UNKNOWN,
  },
  'waiting for requests in a pod that says how long it waits': {
    env: { ...REQUESTS, [POD]: '60' },
    line:
      'drain at 0s, SIGTERM to Envoy once no request is open, from 6s on and at 58s at the latest, ' +
      'SIGKILL 2s later, at 59.5s at the latest; grace period 1m0s',
  },
  'waiting as upstream, with limits': {
    env: {
      ...CONNECTIONS,
      ...AS_UPSTREAM,
      PRE_DRAIN_DELAY: '3s',
      MINIMUM_DRAIN_DURATION: '2s',
      MAXIMUM_DRAIN_DURATION: '20s',
    },
    line: `drain at 3s, SIGKILL to Envoy once no connection is open, from 6s on and at 23s at the latest; ${UNKNOWN}; ${NOT_REACHED}`,
  },
  'a maximum below the minimum': {
    env: { ...CONNECTIONS, MAXIMUM_DRAIN_DURATION: '3s' },
    line: `drain at 0s, SIGTERM to Envoy at 3s, SIGKILL at 5s; ${UNKNOWN}`,
  },
  'a drain of its own beside the waiting': {
    env: { ...REQUESTS, MAXIMUM_DRAIN_DURATION: '3s' },
    proxyConfig: { terminationDrainDuration: '5s' },
    line: `drain at 0s, SIGTERM to Envoy at 3s, SIGKILL at 5s; ${UNKNOWN}`,
    warnings: [
      'terminationDrainDuration has no effect: with EXIT_ON_ZERO_ACTIVE_REQUESTS the end waits for open requests',
    ],
  },
  'the deprecated variable beside the waiting': {
    env: { ...CONNECTIONS, MAXIMUM_DRAIN_DURATION: '3s', TERMINATION_DRAIN_DURATION_SECONDS: '5' },
    line: `drain at 0s, SIGTERM to Envoy at 3s, SIGKILL at 5s; ${UNKNOWN}`,
    warnings: [
      'terminationDrainDuration has no effect: with EXIT_ON_ZERO_ACTIVE_CONNECTIONS the end waits for open connections',
    ],
  },
  'a minimum longer than the grace period': {
    env: { ...CONNECTIONS, MINIMUM_DRAIN_DURATION: '30s', [POD]: '30' },
    line: `drain at 0s, SIGTERM to Envoy at 28s, SIGKILL at 29.5s; ${OF_30S}`,
    warnings: [
      `MINIMUM_DRAIN_DURATION 30s does not fit into ${grace(30)}, no connection is waited for: ` +
        'SIGTERM to Envoy at 28s, SIGKILL at 29.5s',
    ],
  },
  'a maximum longer than the grace period': {
    env: { ...CONNECTIONS, MAXIMUM_DRAIN_DURATION: '60s', [POD]: '30' },
    line:
      'drain at 0s, SIGTERM to Envoy once no connection is open, from 6s on and at 28s at the latest, ' +
      `SIGKILL 2s later, at 29.5s at the latest; ${OF_30S}`,
    warnings: [
      `MAXIMUM_DRAIN_DURATION 1m0s does not fit into ${grace(30)}: ` +
        'SIGTERM to Envoy once no connection is open, from 6s on and at 28s at the latest, ' +
        'SIGKILL 2s later, at 29.5s at the latest',
    ],
  },
};

describe('shutdownTimeline', () => {
  for (const [what, { line, warnings = [], ...given }] of Object.entries<Row & GivenConfig>(rows)) {
    it(`tells of ${what}`, async () => {
      const config = await agentConfig(given);

      deepEqual(shutdownTimeline(config), { line: `Once told to end: ${line}`, warnings });
    });
  }
});
