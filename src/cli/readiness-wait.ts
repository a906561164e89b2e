// The wait for a sidecar's readiness, for commands that start something only then: its flags, and the polling.
// Upstream: pilot/cmd/pilot-agent/app/wait.go.

import { flag, INT, STRING, type FlagValues } from '../config/flag-rows.ts';
import type { Clock } from '../runtime/clock.ts';
import { SECOND_MS } from '../runtime/duration.ts';
import { AgentError, messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import type { CliContext } from './context.ts';
import { exchangeHttp } from './http-exchange.ts';

export const waitFlags = {
  timeoutSeconds: flag('timeoutSeconds', INT, 60, 'Seconds for all attempts together.'),
  requestTimeoutMs: flag('requestTimeoutMillis', INT, 500, 'Milliseconds for one attempt.'),
  periodMs: flag('periodMillis', INT, 500, 'Milliseconds of pause before each attempt.'),
  url: flag('url', STRING, 'http://localhost:15021/healthz/ready', 'What is asked; 200 means ready.'),
};

export type WaitSettings = FlagValues<typeof waitFlags>;

export interface WaitDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/** The flags with WAIT_TIMEOUT_SECONDS where `--timeoutSeconds` is not among the given ones. */
export function waitSettings(
  { env }: Pick<CliContext, 'env'>,
  flags: WaitSettings,
  given: ReadonlySet<string>,
  log: Log,
): WaitSettings {
  if (given.has(waitFlags.timeoutSeconds.name)) return flags;
  return { ...flags, timeoutSeconds: timeoutFrom(env, log) ?? flags.timeoutSeconds };
}

/** WAIT_TIMEOUT_SECONDS, whole seconds; undefined when it is unset or of no use. */
function timeoutFrom(env: CliContext['env'], log: Log): number | undefined {
  const text = env['WAIT_TIMEOUT_SECONDS'];
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  log.warn(`WAIT_TIMEOUT_SECONDS="${text}" is not a number of seconds; it is ignored`);
  return undefined;
}

/**
 * Asks after each period until the answer is 200.
 *
 * @throws AgentError after the timeout, with the last problem
 */
export async function untilReady(
  { url, timeoutSeconds, requestTimeoutMs, periodMs }: WaitSettings,
  { clock, log }: WaitDeps,
  signal: AbortSignal,
): Promise<void> {
  log.info(`Waiting for Envoy proxy to be ready (timeout: ${timeoutSeconds} seconds)...`);
  const startMs = clock.monotonicMs();
  let problem = '<nil>';
  for (;;) {
    const leftMs = startMs + timeoutSeconds * SECOND_MS - clock.monotonicMs();
    await clock.sleep(Math.max(0, Math.min(periodMs, leftMs)), signal);
    if (leftMs < periodMs) {
      throw new AgentError(`timeout waiting for Envoy proxy to become ready. Last error: ${problem}`);
    }
    const found = await readinessProblem(url, requestTimeoutMs, signal);
    if (found === undefined) break;
    if (found !== problem) log.info(`Envoy is not ready yet: ${found}`);
    problem = found;
  }
  log.info('Envoy is ready!');
}

async function readinessProblem(
  url: string,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { status } = await exchangeHttp({ method: 'GET', url, timeoutMs }, signal);
    return status === 200 ? undefined : `HTTP status code ${status}`;
  } catch (error) {
    signal.throwIfAborted();
    return messageOf(error);
  }
}
