// One pod of the table: starts it, tries its checks, and ends it.

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { readPods, type PodSpec, type RunningPod } from '../kubelet/kubelet.ts';
import type { CallReport } from '../mesh/application/call.ts';
import { ask } from './asking.ts';
import type { Check, EndedSubject, Subject, Surroundings } from './check.ts';
import { END_CHECKS, RUNNING_CHECKS } from './checks.ts';
import { urlOf } from './checks/traffic.ts';
import type { PodCase } from './expectations.ts';
import { captureOf } from './pod-facts.ts';
import { runProgram } from './programs.ts';
import type { ExpectationResult } from './results.ts';

const AGENT = join(import.meta.dirname, '../../../../src/cli/agent.ts');

/** Requests that are open when a pod is told to end, and how long each takes. */
const IN_FLIGHT = { requests: 8, slowlyMs: 1500, patienceMs: 10_000 };

/** Reads the pod's file, with the one change its row may ask for. */
export async function readCase({ name, file, replace }: PodCase, folder: string): Promise<PodSpec> {
  const text = await readFile(join(folder, file), 'utf8');
  const [pod] = readPods(replace === undefined ? text : text.replaceAll(...replace));
  if (pod === undefined) throw new Error(`${file} holds no pod`);
  if (pod.kind !== 'Deployment') return pod;
  // two rows may have the same file: like the replicas of a workload, their pods differ in the last part of the name
  const suffix = createHash('sha256').update(name).digest('hex').slice(0, 5);
  return { ...pod, name: pod.name.replace(/[^-]+$/, suffix) };
}

/** Starts the pod; does not wait for it to be ready. */
export function startCase(row: PodCase, spec: PodSpec, { mesh }: Surroundings): Promise<RunningPod> {
  return mesh.run(spec, {
    peers: row.strict ? 'strict' : 'permissive',
    ...(row.rulesFromNode && { beforeContainers: (pod) => setRules(spec, pod.networkNamespace) }),
  });
}

/** As a CNI plugin does: from the node, for the network of the pod. */
async function setRules(spec: PodSpec, networkNamespace: string): Promise<void> {
  const { args } = captureOf(spec);
  const words = args.filter((word) => word !== '--run-validation' && word !== '--skip-rule-apply');
  const place = ['--network-namespace', networkNamespace];
  const { exitCode, stderr } = await runProgram(process.execPath, [AGENT, ...words, ...place]);
  if (exitCode !== 0) throw new Error(`the rules of ${spec.name} cannot be set: ${stderr}`);
}

/** Takes what came of one expectation. */
export type Note = (expectation: ExpectationResult) => void;

/** Tries the checks of the running pod, one after the other. */
export async function tryRunning(row: PodCase, subject: Subject, note: Note): Promise<void> {
  const [first, ...others] = row.expects;
  if (first === undefined) return;
  const comesTo = await outcomeOf(first, RUNNING_CHECKS[first], subject);
  note(comesTo);
  const detail = `not tried: "${first}" failed`;
  for (const name of others)
    note(
      comesTo.passed ? await outcomeOf(name, RUNNING_CHECKS[name], subject) : { name, passed: false, detail },
    );
}

/** Deletes the pod, and tries what is expected of its end. */
export async function tryEnd(row: PodCase, subject: Subject, note: Note): Promise<void> {
  const ended = await endOf(row, subject);
  for (const name of row.expectsAtItsEnd) note(await outcomeOf(name, END_CHECKS[name], ended));
}

async function endOf(row: PodCase, subject: Subject): Promise<EndedSubject> {
  const { pod, mesh } = subject;
  const isServed = row.expectsAtItsEnd.includes('fails no request in flight') && pod.isReady;
  const answers = isServed ? await openRequests(subject) : undefined;
  const termination = await mesh.delete(pod);
  return { ...subject, termination, inFlight: await answers?.() };
}

/** Resolves when the application has the peer's requests, or never gets them; the function waits for their answers. */
async function openRequests({ pod, peer, node }: Subject): Promise<() => Promise<CallReport>> {
  const { requests, slowlyMs, patienceMs } = IN_FLIGHT;
  const counted = async (): Promise<number> => {
    const { body } = await node.get(urlOf(pod, '/metrics'));
    return Number(/^application_requests_total\{.*\} (\d+)$/m.exec(body)?.[1] ?? 0);
  };
  const before = await counted();
  const together = ['--requests', String(requests), '--concurrency', String(requests)];
  const answers = ask(peer, urlOf(pod, `/?slowly=${slowlyMs}`), ...together);
  const deadline = performance.now() + patienceMs;
  for (let asked = 1; performance.now() < deadline; asked += 1) {
    if ((await counted()) >= before + asked + requests) break; // our own questions are counted too
    await delay(20);
  }
  return () => answers;
}

async function outcomeOf<Seen>(name: string, check: Check<Seen>, seen: Seen): Promise<ExpectationResult> {
  try {
    const detail = await check(seen);
    return { name, passed: true, ...(detail !== undefined && { detail }) };
  } catch (error) {
    return { name, passed: false, detail: error instanceof Error ? error.message : String(error) };
  }
}
