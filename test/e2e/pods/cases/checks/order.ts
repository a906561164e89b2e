// The order in which a pod came up, from the events of the kubelet.

import type { PodEvent } from '../../kubelet/kubelet.ts';
import { type Check, expect, PATIENCE_MS } from '../check.ts';
import { applicationsOf, isNativeSidecar, PROXY } from '../pod-facts.ts';

export const isReadyInTime: Check = async ({ pod }) => {
  await pod.untilReady(PATIENCE_MS);
  return `${lastEventMs(pod.events)} ms`;
};

/** The application of a Job ends well, and then its native sidecar ends too. */
export const finishes: Check = async ({ pod }) => {
  const phase = await pod.untilEnded(PATIENCE_MS);
  const ends = [...pod.containers.values()].map(({ name, exitCode }) => `${name} ${exitCode}`).join(', ');
  expect(phase === 'Succeeded', `it ${phase}: ${ends}`);
  return ends;
};

function lastEventMs(events: readonly PodEvent[]): number {
  return Math.round(events.at(-1)?.atMs ?? 0);
}

/** No application starts before the proxy's startup probe has passed or its postStart hook has ended. */
export const startsItsApplicationAfterTheProxy: Check = async ({ pod }) => {
  const { events, spec } = pod;
  const isProxyUp = ({ kind, container, detail }: PodEvent): boolean =>
    container === PROXY &&
    (isNativeSidecar(spec) ? kind === 'probe' && /startup/.test(detail) : kind === 'hook-done');
  const up = events.find(isProxyUp);
  expect(up !== undefined, 'the proxy never was up');
  for (const { name } of applicationsOf(spec)) {
    const started = events.find(({ kind, container }) => kind === 'started' && container === name);
    expect(started !== undefined, `${name} was not started`);
    expect(started.atMs >= up.atMs, `${name} was started ${Math.round(up.atMs - started.atMs)} ms too early`);
  }
  return `the proxy was up after ${Math.round(up.atMs)} ms`;
};

/** Every postStart hook of the pod ran and succeeded. */
export const runsItsPostStartHooks: Check = async ({ pod }) => {
  const { initContainers, containers } = pod.spec;
  const hooked = [...initContainers, ...containers].filter(
    ({ lifecycle }) => lifecycle.postStart !== undefined,
  );
  expect(hooked.length > 0, 'the pod has no such hook');
  for (const { name } of hooked) {
    const done = pod.events.some(
      ({ kind, container, detail }) => kind === 'hook-done' && container === name && /postStart/.test(detail),
    );
    expect(done, `the hook of ${name} is not done: ${eventsOf(pod.events, name)}`);
  }
  return undefined;
};

export const restartsNothing: Check = async ({ pod }) => {
  const restarted = [...pod.containers.values()].filter(({ restarts }) => restarts > 0);
  expect(
    restarted.length === 0,
    restarted.map(({ name, restarts, reason }) => `${name}: ${restarts} restarts (${reason})`).join(', '),
  );
  return undefined;
};

export function eventsOf(events: readonly PodEvent[], container: string): string {
  return events
    .filter((event) => event.container === container)
    .map(({ atMs, kind, detail }) => `${Math.round(atMs)} ${kind} ${detail}`)
    .join('; ');
}
