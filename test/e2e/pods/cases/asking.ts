// Questions from one pod to another, by the client in the image of the application.

import type { RunningPod } from '../kubelet/kubelet.ts';
import type { CallReport } from '../mesh/application/call.ts';
import type { Seen } from '../mesh/application/seen.ts';
import { expect } from './check.ts';
import { applicationOf } from './pod-facts.ts';

/** Asks once, or as `options` of the client say. @throws Error when the client cannot be run */
export async function ask(from: RunningPod, url: string, ...options: readonly string[]): Promise<CallReport> {
  const { name } = applicationOf(from.spec);
  const { stdout, stderr } = await from.exec(name, ['app', 'call', url, ...options]);
  if (stdout === '') throw new Error(`the client in ${from.name} printed nothing: ${stderr.trim()}`);
  return JSON.parse(stdout) as CallReport;
}

/** What the application that was asked saw of one request. @throws Unmet unless it answered well */
export async function seenBy(from: RunningPod, url: string): Promise<Seen> {
  const report = await ask(from, url);
  expect(report.good === 1 && report.last !== undefined, `${url} was answered with ${outcome(report)}`);
  return seenIn(report.last.body);
}

/** @param body of an answer of the application */
export function seenIn(body: string): Seen {
  return JSON.parse(body) as Seen;
}

/** What came of questions: `{"503":1}`, `{"ECONNREFUSED":1}`. */
export function outcome({ statuses, errors }: CallReport): string {
  return JSON.stringify({ ...statuses, ...errors });
}

/** Who called, as the receiving sidecar wrote it down; undefined when the call came without a certificate. */
export function callerOf({ headers }: Seen): string | undefined {
  const header = headers['x-forwarded-client-cert'];
  return /(?:^|;)URI=([^;,]+)/.exec(String(header))?.[1];
}
