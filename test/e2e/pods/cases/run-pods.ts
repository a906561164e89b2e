// Runs pods of the table: the first two stay until the end, because the others call them; the others run some at a
// time.

import { messageOf } from '../../../../src/runtime/errors.ts';
import type { PodSpec, RunningPod } from '../kubelet/kubelet.ts';
import { readCase, startCase, tryEnd, tryRunning } from './case-pod.ts';
import { PATIENCE_MS, type Subject, type Surroundings } from './check.ts';
import type { PodCase } from './expectations.ts';
import { type ExpectationResult, type PodResult, resultLine, type Results } from './results.ts';

/** More would be slower on two cores. */
const SIDE_BY_SIDE = 3;

export interface Run {
  readonly rows: readonly PodCase[];
  /** Folder of a row's file. */
  readonly folderOf: (row: PodCase) => string;
  readonly surroundings: Surroundings;
  /** Takes a line per expectation. */
  readonly tell: (line: string) => void;
}

/** @throws Error when there are fewer than two rows, or a file cannot be read */
export async function runPods(run: Run): Promise<Results> {
  const [first, second, ...others] = await Promise.all(run.rows.map((row) => prepared(run, row)));
  if (first === undefined || second === undefined)
    throw new Error('pods are called by each other: two are needed');
  await Promise.all([first.start(), second.start()]);
  await Promise.all([first.untilReady(), second.untilReady()]);
  // one after the other: the checks of a pod have its peer call it, and some count its calls or let it fail
  const firstTwo = async (): Promise<void> => {
    await first.tryRunning(second);
    await second.tryRunning(first);
  };
  await sideBySide([firstTwo, ...others.map((other) => () => other.live(first))]);
  await second.end(first);
  await first.end(second);
  return { pods: [first, second, ...others].map(({ result }) => result) };
}

async function sideBySide(works: readonly (() => Promise<void>)[]): Promise<void> {
  const waiting = [...works];
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await next();
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, worker));
}

async function prepared(run: Run, row: PodCase): Promise<LivingCase> {
  return new LivingCase(run, row, await readCase(row, run.folderOf(row)));
}

/** A row while its pod lives. What goes wrong becomes results, so that one pod does not end the run. */
class LivingCase {
  readonly #run: Run;
  readonly #row: PodCase;
  readonly #spec: PodSpec;
  readonly #results: ExpectationResult[] = [];
  #pod: RunningPod | undefined;

  constructor(run: Run, row: PodCase, spec: PodSpec) {
    this.#run = run;
    this.#row = row;
    this.#spec = spec;
  }

  get result(): PodResult {
    const { name, source } = this.#row;
    return { name, source, expectations: this.#results };
  }

  /** From its start to its end. */
  async live(peer: LivingCase): Promise<void> {
    await this.start();
    await this.tryRunning(peer);
    await this.end(peer);
  }

  async start(): Promise<void> {
    try {
      this.#pod = await startCase(this.#row, this.#spec, this.#run.surroundings);
    } catch (error) {
      const { expects, expectsAtItsEnd } = this.#row;
      this.#failAll([...expects, ...expectsAtItsEnd], `the pod could not be started: ${messageOf(error)}`);
    }
  }

  /** Or not: that is told by the first check. */
  async untilReady(): Promise<void> {
    await this.#pod?.untilReady(PATIENCE_MS).catch(() => undefined);
  }

  async tryRunning(peer: LivingCase): Promise<void> {
    const subject = this.#subject(peer);
    if (subject !== undefined) await tryRunning(this.#row, subject, this.#note);
  }

  async end(peer: LivingCase): Promise<void> {
    const subject = this.#subject(peer);
    if (subject === undefined) return;
    try {
      await tryEnd(this.#row, subject, this.#note);
    } catch (error) {
      if (this.#row.expectsAtItsEnd.length === 0) throw error; // there is nothing that could fail of it
      this.#failAll(this.#row.expectsAtItsEnd, `the pod could not be deleted: ${messageOf(error)}`);
    }
  }

  /** Undefined when the pod could not be started. */
  #subject(peer: LivingCase): Subject | undefined {
    if (this.#pod === undefined) return undefined;
    return { ...this.#run.surroundings, pod: this.#pod, peer: peer.#pod ?? this.#pod };
  }

  #failAll(names: readonly string[], detail: string): void {
    for (const name of names) this.#note({ name, passed: false, detail });
  }

  readonly #note = (expectation: ExpectationResult): void => {
    this.#results.push(expectation);
    this.#run.tell(resultLine(this.#row, expectation));
  };
}
