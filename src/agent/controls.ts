// What an operator may ask of a running agent, by signal or over the status port. Answers go to the log.

import { AgentError, messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { SecretManager } from '../security/secret-manager.ts';
import type { EnvoyPart } from './no-envoy.ts';

export interface AgentControls {
  /** Asks for a hot restart; the outcome is in the log. */
  readonly restart: (reason: string) => void;
  /** Has a new certificate signed now. */
  readonly rotate: () => void;
  /** Drains and ends, as SIGTERM does. */
  readonly stop: (cause: string) => void;
  /** Ends the agent without waiting for connections. */
  readonly quit: (cause: string) => void;
  /** Kills every Envoy, synchronously: for the last moment of a process that cannot end in order. */
  readonly kill: () => void;
}

export interface ControlledParts {
  readonly supervisor: Pick<EnvoyPart, 'restart' | 'skipDrain' | 'killAll'>;
  readonly secrets: Pick<SecretManager, 'rotateNow'>;
  /** Aborted by `stop` and `quit`, with the cause. */
  readonly stopping: AbortController;
  readonly log: Log;
}

export function controlsOf({ supervisor, secrets, stopping, log }: ControlledParts): AgentControls {
  return {
    restart: (reason) => void supervisor.restart(reason), // the supervisor logs the outcome, and never rejects
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
    kill: () => supervisor.killAll(),
  };
}
