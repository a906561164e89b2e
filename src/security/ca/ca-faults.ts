// What is said about failed calls to the CA: in the words operators search for, aloud once per class of cause, at
// debug for as long as that class lasts. Upstream counterpart: istio security/pkg/nodeagent/caclient/providers/citadel.

import { CauseLog } from '../../runtime/cause-log.ts';
import { formatDuration } from '../../runtime/duration.ts';
import { AgentError, messageOf } from '../../runtime/errors.ts';
import type { Log } from '../../runtime/log.ts';
import { RpcError } from '../upstream/rpc-error.ts';

/** A call that failed for good, `create certificate: …`, or gave nothing to use. */
export class CaError extends AgentError {}

export class CaFaults {
  readonly #log: Log;
  readonly #attempts: CauseLog;
  readonly #calls: CauseLog;
  /** The last call failed, and that was said aloud. */
  #toldOfFailure = false;

  constructor(log: Log) {
    this.#log = log;
    this.#attempts = new CauseLog(log);
    this.#calls = new CauseLog(log);
  }

  /** @param attempt the one that failed, from 1 */
  repeated(attempt: number, waitMs: number, error: RpcError): void {
    const text = `ca request failed, starting attempt ${attempt} in ${formatDuration(Math.round(waitMs))}`;
    this.#attempts.warn(text, { error: error.message }, error.failureClass);
  }

  /** @returns what the caller is to throw */
  failed(error: unknown): CaError {
    const failure = error instanceof CaError ? error : callError(error);
    const isRpc = error instanceof RpcError;
    const advice = isRpc && error.refused !== undefined ? ` (shown was ${error.refused})` : '';
    const cause = isRpc ? error.failureClass : failure.message;
    this.#toldOfFailure = this.#calls.isNews(cause);
    this.#calls.warn(`failed to sign CSR: ${failure.message}${advice}`, {}, cause);
    return failure;
  }

  /** A connection with the files of this moment is about to be used. */
  dialed(): void {
    if (this.#toldOfFailure) this.#log.info('recreated connection');
    this.#toldOfFailure = false;
  }

  /** A call has succeeded. */
  over(): void {
    this.#attempts.clear();
    this.#calls.clear();
  }
}

function callError(error: unknown): CaError {
  const retryable = error instanceof AgentError && error.retryable;
  return new CaError(`create certificate: ${messageOf(error)}`, { retryable, cause: error });
}
