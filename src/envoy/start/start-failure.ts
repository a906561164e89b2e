// A start of Envoy that came to nothing, as data: what is said of it, and whether another one may go better.

import { AgentError, messageOf } from '../../runtime/errors.ts';
import type { Exit } from '../../runtime/spawn.ts';
import { BootstrapRefused } from './crash-policy.ts';
import { describeExit, SpawnFailed, type Epoch } from '../process/epoch.ts';
import { envoyWords } from '../process/output.ts';
import { startObstacle, type StartObstacle } from './start-obstacle.ts';

export interface StartFailure {
  readonly why: string;
  /** Undefined when no process came to be. */
  readonly exit: Exit | undefined;
  /** For the caller, when this was the last attempt. */
  readonly error: AgentError;
  readonly retryable: boolean;
  /** Undefined: none that can be put out of the way. */
  readonly obstacle: StartObstacle | undefined;
}

/** @param everLive an Envoy of this agent was live: what failed now may have to do with something that passes */
export function notStarted(thrown: unknown, everLive: boolean): StartFailure {
  const why = messageOf(thrown);
  const error = thrown instanceof AgentError ? thrown : new AgentError(why, { cause: thrown });
  const retryable = thrown instanceof SpawnFailed ? thrown.retryable : everLive;
  return { why, exit: undefined, error, retryable, obstacle: undefined };
}

/** @param inLine it was to begin a hot-restart line */
export function endedEarly(epoch: Epoch, exit: Exit, everLive: boolean, inLine: boolean): StartFailure {
  const words = envoyWords(epoch.stderrLines);
  return {
    why: `${describeExit(exit)} before it was live: ${words}`,
    exit,
    error: new BootstrapRefused(`Envoy refused its bootstrap ${epoch.launch.configPath}: ${words}`),
    retryable: everLive || exit.code !== 1,
    obstacle: inLine ? startObstacle(exit, epoch.stderrLines) : undefined,
  };
}
