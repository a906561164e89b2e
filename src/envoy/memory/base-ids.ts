// The base ids of this agent's hot-restart lines: one for every line that may be alive beside another, and the
// regions that are left to be removed at the end.

import { messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { NO_LEDGER, type RegionLedger } from './region-ledger.ts';
import type { SharedMemory } from './shared-memory.ts';

export interface BaseIdDeps {
  readonly memory: SharedMemory;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly log: Log;
  /** Default: nothing is kept for the next agent. */
  readonly ledger?: RegionLedger;
}

export class BaseIds {
  readonly #deps: BaseIdDeps;
  readonly #ledger: RegionLedger;
  /** Those of our own lines; never one that another Envoy was found to have. */
  readonly #used = new Set<number>();
  /** `ENVOY_BASE_ID`, for the first line only: later ones may have to run beside it. */
  #wanted: number | undefined;
  #current: number | undefined;

  /** @param wanted undefined: a free one is chosen */
  constructor(deps: BaseIdDeps, wanted: number | undefined) {
    this.#deps = deps;
    this.#ledger = deps.ledger ?? NO_LEDGER;
    this.#wanted = wanted;
  }

  /** Of the newest line; undefined: there is none. */
  get current(): number | undefined {
    return this.#current;
  }

  /**
   * For a line that begins.
   *
   * @param beside an Envoy of an older line is alive and keeps its sockets
   */
  async choose(beside: boolean): Promise<number> {
    if (this.#current !== undefined && !beside) return this.#current;
    const { memory, random, log } = this.#deps;
    const baseId = this.#wanted ?? (await memory.freeBaseId(random));
    this.#wanted = undefined;
    this.#current = baseId;
    this.#used.add(baseId);
    log.debug(`base id ${baseId}`);
    return baseId;
  }

  /** The current one is another Envoy's, and so is the region: it is not ours to remove. */
  giveUp(): void {
    if (this.#current !== undefined) this.#used.delete(this.#current);
    this.#current = undefined;
  }

  /** The line of the current one has a region: an agent after us shall know it for ours. */
  async remember(): Promise<void> {
    if (this.#current === undefined) return;
    await this.#ledger.add(this.#current).catch((error: unknown) => {
      this.#deps.log.debug(`cannot note the shared memory region: ${messageOf(error)}`); // it is 104 bytes
    });
  }

  /** Removes what an agent before us left. */
  async sweep(): Promise<void> {
    try {
      const removed = await this.#ledger.sweep();
      for (const path of removed) this.#deps.log.info(`removed ${path}, left by an agent that was killed`);
    } catch (error) {
      this.#deps.log.warn(`cannot clear shared memory: ${messageOf(error)}`); // it is 104 bytes
    }
  }

  /** Removes every region of ours; for the end, when no Envoy is left. */
  async clear(): Promise<void> {
    for (const baseId of this.#used) await this.#remove(() => this.#deps.memory.unlink(baseId));
    await this.#remove(() => this.#ledger.clear());
  }

  async #remove(work: () => Promise<void>): Promise<void> {
    await work().catch((error: unknown) => {
      this.#deps.log.warn(`cannot remove the shared memory region: ${messageOf(error)}`); // it is 104 bytes
    });
  }
}
