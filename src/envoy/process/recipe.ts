// What an Envoy is made of: its configuration and its binary. Two Envoys of one recipe behave alike, so a recipe is
// what proves good, what is known to be bad, and what a rollback repeats.

import { isDeepStrictEqual } from 'node:util';

import type { Clock } from '../../runtime/clock.ts';
import { describeExit, type Epoch } from './epoch.ts';
import type { WrittenBootstrap } from './written-bootstrap.ts';

export interface Recipe {
  readonly bootstrap: WrittenBootstrap;
  /** Which file the binary was; undefined: there was none. */
  readonly binaryId: string | undefined;
}

/** Whether an Envoy of one would be started just as one of the other. */
export function isSameRecipe(one: Recipe, other: Recipe): boolean {
  return (
    one.binaryId === other.binaryId &&
    one.bootstrap.hash === other.bootstrap.hash &&
    isDeepStrictEqual(one.bootstrap.arguments, other.bootstrap.arguments)
  );
}

export class Recipes {
  readonly #clock: Clock;
  /** An Envoy that ends sooner after LIVE says something about its recipe. */
  readonly #trialMs: number;
  #proven: Recipe | undefined;
  /** The newest that was LIVE, as long as it is not proven. */
  #onTrial: Epoch | undefined;
  #bad: { readonly recipe: Recipe; readonly why: string } | undefined;

  constructor(clock: Clock, trialMs: number) {
    this.#clock = clock;
    this.#trialMs = trialMs;
  }

  /** The last one that worked; undefined until an Envoy was LIVE. */
  get good(): Recipe | undefined {
    this.#settle();
    return this.#proven;
  }

  /**
   * Why this recipe is not tried again; undefined when nothing is known against it. Any other recipe than the bad one
   * lets that be forgotten: it was mended, and if it ever comes back, something else may have changed too.
   */
  faultOf(recipe: Recipe): string | undefined {
    if (this.#bad !== undefined && !isSameRecipe(this.#bad.recipe, recipe)) this.#bad = undefined;
    return this.#bad?.why;
  }

  markBad(recipe: Recipe, why: string): void {
    this.#bad = { recipe, why };
    if (this.#onTrial?.launch.bootstrap.hash === recipe.bootstrap.hash) this.#onTrial = undefined;
  }

  /** Envoy refused this recipe before LIVE. Against the good one that says nothing: something else is wrong. */
  refused({ launch }: Epoch, why: string): void {
    if (this.#proven !== undefined && !isSameRecipe(this.#proven, launch)) this.markBad(launch, why);
  }

  /** The Envoy is LIVE. The first one ever counts as good: there is no better one. */
  live(epoch: Epoch): void {
    this.#settle();
    this.#proven ??= epoch.launch;
    this.#onTrial = epoch;
  }

  /** The active Envoy ended unasked. */
  ended(epoch: Epoch): void {
    this.#settle();
    if (this.#onTrial !== epoch || this.#proven === undefined) return;
    if (isSameRecipe(this.#proven, epoch.launch)) return;
    const how = epoch.exit === undefined ? 'ended' : describeExit(epoch.exit);
    this.markBad(epoch.launch, `${how} soon after it was live`);
  }

  #settle(): void {
    const { liveAtMs, launch } = this.#onTrial ?? {};
    if (launch === undefined || liveAtMs === undefined) return;
    if (this.#clock.monotonicMs() - liveAtMs < this.#trialMs) return;
    this.#proven = launch;
    this.#onTrial = undefined;
  }
}
