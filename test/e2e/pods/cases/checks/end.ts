// How a pod ends when it is deleted, and how a Job ends by itself.

import { outcome } from '../asking.ts';
import { type Check, type EndedSubject, expect } from '../check.ts';
import { applicationsOf, PROXY } from '../pod-facts.ts';
import { eventsOf } from './order.ts';

/** No container had to be killed. */
export const endsWithinItsGracePeriod: Check<EndedSubject> = async ({ pod, termination }) => {
  const { tookMs, killed } = termination;
  expect(killed.length === 0, `${killed.join(', ')} had to be killed`);
  const graceMs = pod.spec.terminationGracePeriodSeconds * 1000;
  expect(tookMs < graceMs, `it took ${seconds(tookMs)} of ${seconds(graceMs)}`);
  return seconds(tookMs);
};

/** The agent reports an orderly end. */
export const endsWithExitCode0: Check<EndedSubject> = async ({ termination }) => {
  const code = termination.exitCodes.get(PROXY);
  expect(code === 0, `the proxy ended with ${code}`);
  return undefined;
};

/** What was asked before the end is answered, through both sidecars. */
export const failsNoRequestInFlight: Check<EndedSubject> = async ({ inFlight }) => {
  expect(inFlight !== undefined, 'no requests were in flight');
  const { asked, good } = inFlight;
  expect(good === asked, `${asked - good} of ${asked} failed: ${outcome(inFlight)}`);
  return `${asked} requests`;
};

/** A native sidecar hears of the end by its hook, before SIGTERM; the signal comes when the application has ended. */
export const drainsBeforeItEnds: Check<EndedSubject> = async ({ pod, termination }) => {
  expect(termination.hooks.includes(PROXY), 'the hook did not run');
  const at = (kind: string, container: string, detail: RegExp): number =>
    pod.events.findIndex(
      (each) => each.kind === kind && each.container === container && detail.test(each.detail),
    );
  const drained = at('hook-done', PROXY, /preStop/);
  const told = at('signal', PROXY, /TERM/);
  expect(drained >= 0, `the hook is not done: ${eventsOf(pod.events, PROXY)}`);
  expect(drained < told, 'SIGTERM came before the hook had ended');
  for (const { name } of applicationsOf(pod.spec)) {
    const ended = at('ended', name, /./);
    expect(ended >= 0 && ended < told, `SIGTERM came before ${name} had ended`);
  }
  return undefined;
};

/** Every preStop hook of the application ran, through the agent where it was rewritten. */
export const runsItsPreStopHooks: Check<EndedSubject> = async ({ pod, termination }) => {
  const hooked = applicationsOf(pod.spec).filter(({ lifecycle }) => lifecycle.preStop !== undefined);
  expect(hooked.length > 0, 'the application has no such hook');
  for (const { name } of hooked) {
    expect(termination.hooks.includes(name), `the hook of ${name} did not run`);
    const failed = pod.events.find(({ kind, container }) => kind === 'hook-failed' && container === name);
    expect(failed === undefined, `the hook of ${name} failed: ${failed?.detail}`);
  }
  return undefined;
};

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
