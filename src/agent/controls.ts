// What an operator may ask of a running agent, by signal or over the status port. Answers go to the log.

import type { EnvoySupervisor } from '../envoy/supervisor.ts';
import { AgentError, messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { SecretManager } from '../security/secret-manager.ts';

export interface AgentControls {
  /** Asks for a hot restart; the outcome is logged. */
  readonly restart: (reason: string) => void;
  /** Has a new certificate signed now. */
  readonly rotate: () => void;
  /** Ends the agent without waiting for connections. */
  readonly quit: (cause: string) => void;
}

export interface ControlledParts {
  readonly supervisor: Pick<EnvoySupervisor, 'restart' | 'skipDrain'>;
  readonly secrets: Pick<SecretManager, 'rotateNow'>;
  /** Aborted by `quit`, with the cause. */
  readonly quitting: AbortController;
  readonly log: Log;
}

export function controlsOf({ supervisor, secrets, quitting, log }: ControlledParts): AgentControls {
  return {
    restart: (reason) => {
      void supervisor.restart(reason).then((outcome) => {
        if (outcome.kind === 'committed')
          log.info(`hot restart to epoch ${outcome.epoch} is done: ${reason}`);
        else log.error(`hot restart ${outcome.kind}: ${outcome.why}`);
      });
    },
    rotate: () => {
      secrets.rotateNow().catch((error: unknown) => {
        log.warn(`no new certificate, the present one stays: ${messageOf(error)}`);
      });
    },
    quit: (cause) => {
      supervisor.skipDrain();
      quitting.abort(new AgentError(cause));
    },
  };
}
