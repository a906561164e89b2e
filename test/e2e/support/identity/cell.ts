// One cell of the fault grid: a cause at a moment, what has to come of it by a rule, and what did.

import { setTimeout as sleep } from 'node:timers/promises';

import type { Pod } from '../pod.ts';
import type { CalledPod } from './called-pod.ts';
import { Calls } from './calls.ts';
import { MOMENTS, type Cause, type Moment } from './causes.ts';
import type { FaultMesh } from './fault-mesh.ts';

export interface Cell {
  readonly cause: Cause;
  readonly moment: Moment;
}

export interface Outcome {
  /** What becomes of a hot restart while the fault lasts. */
  readonly restart: Restart;
  /** While the fault lasts. */
  readonly ready: boolean;
  /** Envoy's, from the beginning of the fault to its end. */
  readonly certificate: 'none' | 'obtained' | 'kept' | 'renewed';
  /** When the fault is over, until Envoy's next certificate or a hot restart would come in any case. */
  readonly afterwards: 'obtained' | 'kept' | 'renewed';
  readonly failedHandshakes: readonly string[];
}

type Restart = 'none' | 'committed' | 'refused' | 'rolledBack';

export interface Story extends Outcome {
  readonly log: string;
  readonly answered: number;
  readonly otherFailures: readonly string[];
}

/**
 * The rule: what a workload has it keeps, and what it lacks it gets as soon as it can be had. Only a workload that was
 * never given a certificate, or all the files of one, is not ready.
 */
export function expected({ cause, moment }: Cell): Outcome {
  const { blocks, blocksXds = false, blocksFiles = false, signs = false } = cause;
  const untouched = { failedHandshakes: [], restart: 'none' } as const;
  if (moment === 'start') {
    return blocks
      ? { ...untouched, ready: false, certificate: 'none', afterwards: 'obtained' }
      : { ...untouched, ready: !blocksFiles, certificate: 'obtained', afterwards: 'kept' };
  }
  const isDue = moment === 'rotation' || signs;
  return {
    failedHandshakes: [],
    ready: true,
    certificate: isDue && !blocks ? 'renewed' : 'kept',
    afterwards: isDue && blocks ? 'renewed' : 'kept',
    restart: moment !== 'hot restart' ? 'none' : blocksXds ? 'rolledBack' : 'committed',
  };
}

export function cellsAt(moment: Moment, causes: readonly Cause[]): Cell[] {
  return causes.map((cause) => ({ cause, moment }));
}

/** One per cause, each moment about equally often. */
export function oneCellPerCause(causes: readonly Cause[]): Cell[] {
  return causes.map((cause, index) => ({ cause, moment: MOMENTS[index % MOMENTS.length] ?? 'rotation' }));
}

/** An agent may take a minute to notice that its clock was set. */
const PATIENCE_MS = 90_000;
/** A fault that nobody is to notice lasts so long. */
const QUIET_MS = 3000;
/** Rotation after 8 s; 32 s are left for the fault. */
const ROTATING = { SECRET_TTL: '40s', SECRET_GRACE_PERIOD_RATIO: '0.8' };

/** From the start of the agent to the end of the fault and what follows from it. */
export async function play(mesh: FaultMesh, { cause, moment }: Cell): Promise<Story> {
  const { env = {}, ...options } = cause.options ?? {};
  const life =
    moment === 'rotation' ? { ...ROTATING, ...(cause.rotationTtl && { SECRET_TTL: cause.rotationTtl }) } : {};
  await using called = await mesh.called({ ...options, env: { ...life, ...env } });
  const run = new CellRun(called, { cause, moment });
  return await (moment === 'start' ? run.atStart() : run.whileRunning()); // before the pod is gone
}

class CellRun {
  readonly #called: CalledPod;
  readonly #cell: Cell;

  constructor(called: CalledPod, cell: Cell) {
    this.#called = called;
    this.#cell = cell;
  }

  async atStart(): Promise<Story> {
    const { cause } = this.#cell;
    const called = this.#called;
    const pod = await called.start(() => cause.begin(called));
    await pod.until(async () => (await called.readiness()) > 0, PATIENCE_MS);
    await cause.strike?.(called);
    if (expected(this.#cell).ready) await pod.ready(PATIENCE_MS);
    else await this.#told(pod);
    if (!cause.blocks) await this.#replaced(pod, undefined);
    const [during, ready] = [await called.serial(), await this.#isReady()];
    await cause.end(called);
    await pod.ready(PATIENCE_MS);
    await using calls = new Calls(called.url);
    if (!cause.blocks) await this.#told(pod);
    await sleep(QUIET_MS);
    const after = await called.serial();
    const { failedHandshakes, otherFailures, answered } = await calls.stop();
    return {
      restart: 'none',
      ready,
      certificate: during === undefined ? 'none' : 'obtained',
      afterwards: during === undefined ? 'obtained' : changed(during, after),
      failedHandshakes,
      otherFailures,
      answered,
      log: await pod.log(),
    };
  }

  async whileRunning(): Promise<Story> {
    const { cause } = this.#cell;
    const called = this.#called;
    const pod = await called.start(async () => undefined);
    await pod.ready(PATIENCE_MS);
    await using calls = new Calls(called.url);
    const through = await this.#throughFault(pod);
    const [during, ready] = [await this.#shown(pod), await this.#isReady()];
    await cause.end(called);
    const isRenewedLater = expected(this.#cell).afterwards === 'renewed';
    if (isRenewedLater) await this.#replaced(pod, during);
    await this.#told(pod);
    const { failedHandshakes, otherFailures, answered } = await calls.stop();
    const isNextOneDue = this.#cell.moment === 'rotation' && !isRenewedLater;
    const afterwards = isNextOneDue ? 'kept' : changed(during, await this.#shown(pod));
    return {
      ...through,
      ready,
      afterwards,
      failedHandshakes,
      otherFailures,
      answered,
      log: await pod.log(),
    };
  }

  /** @returns what became of the certificate until the fault had shown all it can */
  async #throughFault(pod: Pod): Promise<Pick<Outcome, 'certificate' | 'restart'>> {
    const { cause, moment } = this.#cell;
    const called = this.#called;
    await cause.begin(called);
    let before = await this.#shown(pod);
    await cause.strike?.(called);
    const restart = moment === 'hot restart' ? await this.#hotRestart(pod) : 'none';
    if (moment === 'rotation' && cause.blocks) {
      await this.#told(pod);
      before = await this.#shown(pod); // one may have been signed just before the fault
    }
    if (moment === 'rotation' && !cause.blocks) await this.#replaced(pod, before);
    else await sleep(QUIET_MS);
    return { restart, certificate: changed(before, await this.#shown(pod)) };
  }

  async #replaced(pod: Pod, before: string | undefined): Promise<void> {
    await pod.until(async () => {
      const serial = await this.#called.serial();
      return serial !== undefined && serial !== before;
    }, PATIENCE_MS);
  }

  /** Of the certificate of the Envoy that serves, if only after a moment. */
  async #shown(pod: Pod): Promise<string | undefined> {
    let serial: string | undefined;
    await pod.until(async () => (serial = await this.#called.serial()) !== undefined, PATIENCE_MS);
    return serial;
  }

  async #hotRestart(pod: Pod): Promise<Restart> {
    const { restarts: before } = await this.#called.envoys();
    pod.signal('SIGHUP');
    let outcome: Restart | undefined;
    await pod.until(async () => {
      const { restarts, draining } = await this.#called.envoys();
      outcome = (['committed', 'refused', 'rolledBack'] as const).find(
        (kind) => restarts[kind] > before[kind],
      );
      return outcome !== undefined && draining.length === 0;
    }, PATIENCE_MS);
    return outcome ?? 'none';
  }

  async #told(pod: Pod): Promise<void> {
    const text = this.#cell.cause.told[this.#cell.moment];
    if (text !== undefined) await pod.until(async () => text.test(await pod.log()), PATIENCE_MS);
  }

  async #isReady(): Promise<boolean> {
    return (await this.#called.readiness()) === 200;
  }
}

function changed(before: string | undefined, after: string | undefined): 'kept' | 'renewed' {
  return before === after ? 'kept' : 'renewed';
}
