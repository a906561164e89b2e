// Decides whether the pod may get traffic: has Envoy its configuration, does it serve, and do the agent's own
// checks pass. Answers are remembered per Envoy generation. Logging and HTTP are elsewhere.
// Upstream: istio 1.31 pilot/cmd/pilot-agent/status/ready/probe.go, which knows one Envoy only.

import type { Clock } from '../runtime/clock.ts';
import { messageOf } from '../runtime/errors.ts';
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
}

/** A check of the agent's own, asked after Envoy's. */
export interface Prober {
  /** One word, shown by `?verbose`. */
  readonly name: string;
  /** Why it fails, or undefined. */
  readonly failure: () => string | undefined | Promise<string | undefined>;
}

export interface ReadinessDeps {
  /** Undefined in a pod without Envoy: then it is never asked. */
  readonly envoy: (() => EnvoyTarget) | undefined;
  readonly probers: readonly Prober[];
  /** Envoy's own words about updates it refused, newest last. */
  readonly rejections: () => readonly string[];
  readonly clock: Clock;
  /** Ends the agent; its reason becomes the reason for not being ready. */
  readonly stopping: AbortSignal;
}

export interface Check {
  readonly name: string;
  /** Why it fails, in upstream's words; undefined when it passes. */
  readonly reason?: string;
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
  /** The generation the two flags speak of. */
  #generation: number | undefined;
  #configReceived = false;
  #served = false;
  #running: Promise<ReadinessReport> | undefined;

  constructor(deps: ReadinessDeps) {
    this.#deps = deps;
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
    return { checks, reason: checks.find((check) => check.reason !== undefined)?.reason };
  }

  /** Whether Envoy serves is not asked before it has its configuration. */
  async #envoyChecks(): Promise<readonly Check[]> {
    if (this.#deps.envoy === undefined) return [];
    const target = this.#deps.envoy();
    if (target.activeGeneration !== this.#generation || target.activeGeneration === undefined) {
      this.#generation = target.activeGeneration;
      this.#configReceived = false;
      this.#served = false;
    }
    const startedMs = this.#deps.clock.monotonicMs();
    const config = await this.#configCheck(target);
    if (config.reason !== undefined) return [config];
    const leftMs = BUDGET_MS - (this.#deps.clock.monotonicMs() - startedMs);
    return [config, await this.#servingCheck(target, Math.min(SERVING_TIMEOUT_MS, leftMs))];
  }

  async #configCheck(target: EnvoyTarget): Promise<Check> {
    const name = 'envoy-config';
    if (this.#configReceived) return { name };
    try {
      const page = await adminPage(target.admin, UPDATES_PATH, CONFIG_TIMEOUT_MS, this.#deps.clock);
      const verdict = updateVerdict(page);
      if (verdict.kind === 'received') {
        this.#configReceived = this.#stillActive(target);
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
    const { stopping, clock } = this.#deps;
    if (stopping.aborted) return { name, reason: `server is terminated: ${messageOf(stopping.reason)}` };
    if (this.#served) return { name };
    try {
      const reason = notServingReason(await adminPage(target.admin, SERVING_PATH, timeoutMs, clock));
      if (reason !== undefined) return { name, reason };
      this.#served = this.#stillActive(target);
      return { name };
    } catch (error) {
      return { name, reason: messageOf(error) };
    }
  }

  /** False when another epoch took over during the poll: what was read may be the other one's. */
  #stillActive(target: EnvoyTarget): boolean {
    const now = this.#deps.envoy?.().activeGeneration;
    return now !== undefined && now === target.activeGeneration;
  }
}

async function ask(prober: Prober): Promise<Check> {
  const reason = await prober.failure();
  return { name: prober.name, ...(reason !== undefined && { reason }) };
}
