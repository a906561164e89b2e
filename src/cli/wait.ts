// The command `wait`: polls a readiness URL until it answers 200. A postStart hook runs it to hold back the
// application's containers.
// Upstream: pilot/cmd/pilot-agent/app/wait.go.

import type { Command } from 'commander';

import { flag, INT, STRING } from '../config/flag-rows.ts';
import { systemClock, type Clock } from '../runtime/clock.ts';
import { SECOND_MS } from '../runtime/duration.ts';
import { AgentError, messageOf } from '../runtime/errors.ts';
import type { Log } from '../runtime/log.ts';
import { plainLog } from '../runtime/plain-log.ts';
import type { CliContext } from './context.ts';
import { goCommand } from './go-flags.ts';
import { exchangeHttp } from './http-exchange.ts';
import { warnOfRejectedVariables } from './rejected-variables.ts';

const FLAGS = {
  timeoutSeconds: flag('timeoutSeconds', INT, 60, 'Seconds for all attempts together.'),
  requestTimeoutMs: flag('requestTimeoutMillis', INT, 500, 'Milliseconds for one attempt.'),
  periodMs: flag('periodMillis', INT, 500, 'Milliseconds of pause before each attempt.'),
  url: flag('url', STRING, 'http://localhost:15021/healthz/ready', 'What is asked; 200 means ready.'),
};

const GUIDE = `A postStart hook runs it, so that the application starts only when its sidecar can carry traffic. It ends with 0 once
the URL has answered 200, and with 255 when time is up. When the reason changes why it is not ready yet, it says so.

WAIT_TIMEOUT_SECONDS is the timeout where --timeoutSeconds is not given.

Examples:
  agent wait
  agent wait --timeoutSeconds=300 --url=http://localhost:15020/healthz/ready`;

export function waitCommand(context: CliContext, clock: Clock = systemClock()): Command {
  const log = plainLog((line) => context.stdout.write(line));
  return goCommand({
    name: 'wait',
    description: 'Wait until Envoy is ready.',
    flags: FLAGS,
    guide: GUIDE,
    unknownFlags: 'refuse',
    run: async ({ flags, given }) => {
      warnOfRejectedVariables(context);
      const { url, requestTimeoutMs, periodMs } = flags;
      const timeoutSeconds = given.has('timeoutSeconds')
        ? flags.timeoutSeconds
        : (timeoutFrom(context.env, log) ?? flags.timeoutSeconds);
      log.info(`Waiting for Envoy proxy to be ready (timeout: ${timeoutSeconds} seconds)...`);
      const attempt = (): Promise<string | undefined> =>
        readinessProblem(url, requestTimeoutMs, context.signal);
      const settings = { periodMs, timeoutMs: timeoutSeconds * SECOND_MS };
      await poll(attempt, settings, { clock, log }, context.signal);
      log.info('Envoy is ready!');
    },
  });
}

/** WAIT_TIMEOUT_SECONDS, whole seconds; undefined when it is unset or of no use. */
function timeoutFrom(env: CliContext['env'], log: Log): number | undefined {
  const text = env['WAIT_TIMEOUT_SECONDS'];
  if (text === undefined) return undefined;
  if (/^\d+$/.test(text) && Number.isSafeInteger(Number(text))) return Number(text);
  log.warn(`WAIT_TIMEOUT_SECONDS="${text}" is not a number of seconds; it is ignored`);
  return undefined;
}

interface PollSettings {
  /** Before each attempt, the first one too. */
  readonly periodMs: number;
  readonly timeoutMs: number;
}

/**
 * @param attempt gives what is wrong, or undefined
 * @throws AgentError after the timeout, with the last problem
 */
async function poll(
  attempt: () => Promise<string | undefined>,
  { periodMs, timeoutMs }: PollSettings,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
  signal: AbortSignal,
): Promise<void> {
  const startMs = clock.monotonicMs();
  let problem = '<nil>';
  for (;;) {
    const leftMs = startMs + timeoutMs - clock.monotonicMs();
    await clock.sleep(Math.max(0, Math.min(periodMs, leftMs)), signal);
    if (leftMs < periodMs) {
      throw new AgentError(`timeout waiting for Envoy proxy to become ready. Last error: ${problem}`);
    }
    const found = await attempt();
    if (found === undefined) return;
    if (found !== problem) log.info(`Envoy is not ready yet: ${found}`);
    problem = found;
  }
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
