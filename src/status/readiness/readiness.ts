// Decides whether the pod may get traffic: has Envoy its configuration, does it serve, and do the agent's own
// checks pass. Answers are remembered per Envoy generation. Logging and HTTP are elsewhere.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/ready/probe.go, which knows one Envoy only.

import type { Clock } from '../../runtime/clock.ts';
import { messageOf } from '../../runtime/errors.ts';
import { adminPage, type AdminAddress } from './admin-page.ts';
import { notServingReason, SERVING_PATH, updateVerdict, UPDATES_PATH } from './envoy-stats.ts';

/** The Envoy that is asked. */
export interface EnvoyTarget {
  readonly admin: AdminAddress;
  /**
   * Which Envoy serves: a number that no two epochs of the agent's life share. During a handoff it stays the
   * old epoch's until the new one has taken over. Undefined when none runs: nothing is remembered then.
   */
  readonly activeGeneration: number | undefined;
  /**
   * The admin port may be another Envoy's, or nobody's, so asking would say nothing: the last answer stays. An Envoy
   * that was never asked was seen serving, otherwise nobody would have tried to replace it.
   */
  readonly unanswerable: boolean;
  /** What is wrong with an Envoy that serves all the same; undefined: nothing. */
  readonly impairment?: string | undefined;
}

/** A check of the agent's own, asked after Envoy's. */
export interface Prober {
  /** One word, shown by `?verbose`. */
  readonly name: string;
  /** Why it fails, or undefined. */
  readonly failure: () => string | undefined | Promise<string | undefined>;
  /** True: it passes, and nothing has to be waited for to know it. Default: it is asked. */
  readonly passes?: () => boolean;
}

export interface ReadinessDeps {
  /** Undefined in a pod without Envoy: then it is never asked. */
  readonly envoy: (() => EnvoyTarget) | undefined;
  readonly probers: readonly Prober[];
  /** Envoy's own words about updates it refused, newest last. */
  readonly rejections: () => readonly string[];
  /** Told of every check that passes. Default: nobody is. */
  readonly passed?: () => void;
  /** The body of a page of Envoy's admin, asked over a connection of its own. Default: over HTTP. */
  readonly ask?: typeof adminPage;
  readonly clock: Clock;
  /** Ends the agent; its reason becomes the reason for not being ready. */
  readonly stopping: AbortSignal;
}

export interface Check {
  readonly name: string;
  /** Why it fails, in upstream's words; undefined when it passes. */
  readonly reason?: string;
  /** What is wrong although it passes. */
  readonly remark?: string;
  /** What Envoy itself said, when it refused its configuration. */
  readonly rejections?: readonly string[];
}

export interface ReadinessReport {
  readonly checks: readonly Check[];
  /** The reason of the first failed check; undefined means ready. */
  readonly reason: string | undefined;
}

const CONFIG_TIMEOUT_MS = 1000;
const SERVING_TIMEOUT_MS = 3000;
/** No answer takes longer than this, both polls together. */
const BUDGET_MS = 3000;

export class Readiness {
  readonly #deps: ReadinessDeps;
  /** The generation the two flags speak of; they are void when another is active. */
  #generation: number | undefined;
  #configReceived = false;
  #served = false;
  /** Whether the last answer of this generation was a failure, and which. */
  #failed: readonly Check[] | undefined;
  #running: Promise<ReadinessReport> | undefined;
  /** The newest report in which nothing was amiss. */
  #passed: ReadinessReport | undefined;

  constructor(deps: ReadinessDeps) {
    this.#deps = deps;
  }

  /** What `check` would give, where it is known at once that all is well, as nearly every probe finds it. */
  known(): ReadinessReport | undefined {
    const { envoy, probers, stopping } = this.#deps;
    if (this.#passed === undefined || stopping.aborted) return undefined;
    if (envoy !== undefined && !this.#isRemembered(envoy())) return undefined;
    return probers.every((prober) => prober.passes?.() === true) ? this.#passed : undefined;
  }

  #isRemembered({ activeGeneration, impairment }: EnvoyTarget): boolean {
    const isOfThisOne = activeGeneration !== undefined && activeGeneration === this.#generation;
    return isOfThisOne && this.#configReceived && this.#served && impairment === undefined;
  }

  /** All checks in order. Calls that come while one is under way share its answer. Never rejects. */
  check(): Promise<ReadinessReport> {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(): Promise<ReadinessReport> {
    const checks = [...(await this.#envoyChecks()), ...(await Promise.all(this.#deps.probers.map(ask)))];
    const reason = checks.find((check) => check.reason !== undefined)?.reason;
    const report = { checks, reason };
    if (reason === undefined) this.#deps.passed?.();
    if (checks.every((check) => check.reason === undefined && check.remark === undefined))
      this.#passed = report;
    return report;
  }

  /** Asked again when meanwhile another Envoy may have answered than the one that was meant. */
  async #envoyChecks(): Promise<readonly Check[]> {
    const { envoy, clock } = this.#deps;
    if (envoy === undefined) return [];
    const startedMs = clock.monotonicMs();
    let target = envoy();
    for (;;) {
      const checks = await this.#checksOf(target, startedMs);
      const passed = checks.every(({ reason }) => reason === undefined);
      const asked = target;
      target = envoy();
      if (passed || isSame(asked, target)) {
        this.#failed = passed ? undefined : checks;
        return checks;
      }
      if (clock.monotonicMs() - startedMs >= BUDGET_MS) return checks;
    }
  }

  /** Whether Envoy serves is not asked before it has its configuration. */
  async #checksOf(target: EnvoyTarget, startedMs: number): Promise<readonly Check[]> {
    const { activeGeneration, unanswerable } = target;
    if (activeGeneration !== this.#generation || activeGeneration === undefined) {
      this.#generation = activeGeneration;
      this.#configReceived = false;
      this.#served = false;
      this.#failed = undefined;
    }
    if (unanswerable && activeGeneration !== undefined) {
      if (this.#failed !== undefined) return this.#failed;
      this.#configReceived = this.#served = true;
    }
    const leftMs = (): number => BUDGET_MS - (this.#deps.clock.monotonicMs() - startedMs);
    const config = await this.#configCheck(target, Math.min(CONFIG_TIMEOUT_MS, leftMs()));
    if (config.reason !== undefined) return [config];
    return [config, await this.#servingCheck(target, Math.min(SERVING_TIMEOUT_MS, leftMs()))];
  }

  async #configCheck(target: EnvoyTarget, timeoutMs: number): Promise<Check> {
    const name = 'envoy-config';
    if (this.#configReceived) return { name };
    try {
      const page = await this.#ask(target, UPDATES_PATH, timeoutMs);
      const verdict = updateVerdict(page);
      if (verdict.kind === 'received') {
        this.#configReceived = true;
        return { name };
      }
      const rejections = verdict.rejected ? this.#deps.rejections() : [];
      return { name, reason: verdict.text, ...(rejections.length > 0 && { rejections }) };
    } catch (error) {
      return { name, reason: messageOf(error) };
    }
  }

  async #servingCheck(target: EnvoyTarget, timeoutMs: number): Promise<Check> {
    const name = 'envoy-serving';
    const passes = { name, ...(target.impairment !== undefined && { remark: target.impairment }) };
    const { stopping } = this.#deps;
    if (stopping.aborted) return { name, reason: `server is terminated: ${messageOf(stopping.reason)}` };
    if (this.#served) return passes;
    try {
      const reason = notServingReason(await this.#ask(target, SERVING_PATH, timeoutMs));
      if (reason !== undefined) return { name, reason };
      this.#served = true;
      return passes;
    } catch (error) {
      return { name, reason: messageOf(error) };
    }
  }

  #ask({ admin }: EnvoyTarget, path: string, timeoutMs: number): Promise<string> {
    const { ask = adminPage, clock } = this.#deps;
    return ask(admin, path, timeoutMs, clock);
  }
}

function isSame(one: EnvoyTarget, other: EnvoyTarget): boolean {
  return one.activeGeneration === other.activeGeneration && one.unanswerable === other.unanswerable;
}

async function ask(prober: Prober): Promise<Check> {
  const { name } = prober;
  try {
    const reason = await prober.failure();
    return { name, ...(reason !== undefined && { reason }) };
  } catch (error) {
    return { name, reason: messageOf(error) };
  }
}
