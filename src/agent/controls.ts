// What an operator may ask of a running agent, by signal or over the status port. Answers go to the log.

import { AgentError, messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { SecretManager } from '../security/secret-manager.ts';
import type { RestartOptions } from '../envoy/restart/restart-requests.ts';
import type { EnvoyPart } from './no-envoy.ts';

export interface AgentControls {
  /**
   * Asks for a hot restart; the outcome is in the log.
   *
   * @param by how it is asked for, for people
   */
  readonly restart: (by: string, options?: Pick<RestartOptions, 'force'>) => void;
  /** Has a new certificate signed now. */
  readonly rotate: () => void;
  /** Drains and ends, as SIGTERM does. */
  readonly stop: (cause: string) => void;
  /** Ends the agent without waiting for connections. */
  readonly quit: (cause: string) => void;
  /** Has every Envoy open its log files anew. */
  readonly reopenLogs: () => void;
  /** Kills every Envoy, synchronously: for the last moment of a process that cannot end in order. */
  readonly kill: () => void;
}

export interface ControlledParts {
  readonly supervisor: Pick<EnvoyPart, 'restart' | 'skipDrain' | 'reopenLogs' | 'killAll'>;
  readonly secrets: Pick<SecretManager, 'rotateNow'>;
  /** Aborted by `stop` and `quit`, with the cause. */
  readonly stopping: AbortController;
  readonly log: Log;
  /** Tells what a restart of the agent would bring; absent: Envoys hand over, and no such restart is needed. */
  readonly tellOfChanges?: () => Promise<void>;
}

export function controlsOf(parts: ControlledParts): AgentControls {
  const { supervisor, secrets, stopping, log, tellOfChanges } = parts;
  return {
    restart: (by, options) => {
      log.info(`hot restart asked for: ${by}`);
      void supervisor.restart('operator', options); // the supervisor logs the outcome, and never rejects
      void tellOfChanges?.();
    },
    rotate: () => {
      secrets.rotateNow().catch((error: unknown) => {
        log.warn(`no new certificate, the present one stays: ${messageOf(error)}`);
      });
    },
    stop: (cause) => stopping.abort(new AgentError(cause)),
    quit: (cause) => {
      supervisor.skipDrain();
      stopping.abort(new AgentError(cause));
    },
    reopenLogs: () => supervisor.reopenLogs(),
    kill: () => supervisor.killAll(),
  };
}
