// What the supervisor is told, and its time limits with their defaults.

import type { ShutdownConfig } from '../config/shutdown-config.ts';
import type { AdminAddress } from './admin/admin-client.ts';

/**
 * What to do when the active Envoy ends unasked: `never` ends the agent as upstream does, `on-failure` starts it
 * again unless it ended with code 0 after it was live, `always` in every case.
 */
export type RestartPolicy = 'never' | 'on-failure' | 'always';

export interface EnvoySettings {
  readonly binaryPath: string;
  readonly admin: AdminAddress;
  /** False: one Envoy at a time with `--disable-hot-restart`, and planned restarts are refused. */
  readonly hotRestart: boolean;
  readonly restartPolicy: RestartPolicy;
  /** Refuse a hot restart where two Envoys do not fit into the memory limit. */
  readonly memoryCheck: boolean;
  /** `ENVOY_BASE_ID`; undefined: a free one is chosen. */
  readonly baseId: number | undefined;
  /** True for a sidecar, whose outbound side serves its own application to the end; false for a gateway. */
  readonly drainInboundOnly: boolean;
  readonly shutdown: ShutdownConfig;
  /** The whole environment of Envoy; with hot restart `RESTART_EPOCH` is added. */
  readonly env: Readonly<Record<string, string>>;
  /** Undefined: the agent's own. */
  readonly user: { readonly uid: number; readonly gid: number } | undefined;
  readonly timing: SupervisorTiming;
}

export interface SupervisorTiming {
  /** Between two looks at a starting Envoy. */
  readonly livePollMs: number;
  /** Between two looks at a gate that is not open yet. */
  readonly gatePollMs: number;
  /** How long a planned restart waits for such a gate. */
  readonly gateTimeoutMs: number;
  /** Before a restart that a file asked for, and whose gates were closed, is tried again. */
  readonly postponedMs: number;
  /** From the planned end of an old Envoy to the next restart that a file asks for. */
  readonly spacingMs: number;
  /** `ENVOY_HANDOFF_TIMEOUT`: from spawning a candidate to LIVE. */
  readonly handoffTimeoutMs: number;
  /** `ENVOY_HANDOFF_SOAK`: how long a new Envoy is only on probation after LIVE. */
  readonly handoffSoakMs: number;
  /** An Envoy that ends sooner after LIVE has a bad configuration. */
  readonly trialMs: number;
  /** How long the end of the agent waits for a handoff that is under way. */
  readonly handoffAtStopMs: number;
  readonly preflightTimeoutMs: number;
  /** A draining Envoy is given this long after it should have ended. */
  readonly drainingOverdueMs: number;
  readonly lifelinePingMs: number;
  readonly backoffInitialMs: number;
  /** `ENVOY_RESTART_BACKOFF_MAX`. */
  readonly backoffMaxMs: number;
  readonly backoffTries: number;
  /** `ENVOY_RESTART_RESET_AFTER`: this long live, and the budget is full again. */
  readonly budgetResetMs: number;
  /** First and longest wait before an Envoy without admin port is replaced. */
  readonly repairInitialMs: number;
  readonly repairMaxMs: number;
  /** Between two reminders that the admin port is lost. */
  readonly adminLostReminderMs: number;
}

export const DEFAULT_TIMING: SupervisorTiming = {
  livePollMs: 100,
  gatePollMs: 500,
  gateTimeoutMs: 20_000,
  postponedMs: 30_000,
  spacingMs: 5000,
  handoffTimeoutMs: 60_000,
  handoffSoakMs: 0,
  trialMs: 10_000,
  handoffAtStopMs: 5000,
  preflightTimeoutMs: 30_000,
  drainingOverdueMs: 30_000,
  lifelinePingMs: 30_000,
  backoffInitialMs: 200,
  backoffMaxMs: 60_000,
  backoffTries: 10,
  budgetResetMs: 600_000,
  repairInitialMs: 1000,
  repairMaxMs: 60_000,
  adminLostReminderMs: 60_000,
};

/** Whether nothing of ours is wanted: then the log is upstream's as well. */
export function isAsUpstream({ hotRestart, restartPolicy }: EnvoySettings): boolean {
  return !hotRestart && restartPolicy === 'never';
}
