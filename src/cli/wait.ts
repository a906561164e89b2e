// The command `wait`: polls a readiness URL until it answers 200. A postStart hook runs it to hold back the
// application's containers.
// Upstream: pilot/cmd/pilot-agent/app/wait.go.

import type { Command } from 'commander';

import { flag, INT, STRING } from '../config/flag-rows.ts';
import { systemClock, type Clock } from '../runtime/clock.ts';
import { SECOND_MS } from '../runtime/duration.ts';
import { AgentError, messageOf } from '../runtime/errors.ts';
import { plainLog } from '../runtime/log.ts';
import type { CliContext } from './context.ts';
import { goCommand } from './go-flags.ts';
import { exchangeHttp } from './http-exchange.ts';

const FLAGS = {
  timeoutSeconds: flag('timeoutSeconds', INT, 60, 'Time for all attempts together.'),
  requestTimeoutMs: flag('requestTimeoutMillis', INT, 500, 'Time for one attempt.'),
  periodMs: flag('periodMillis', INT, 500, 'Pause before each attempt.'),
  url: flag('url', STRING, 'http://localhost:15021/healthz/ready', 'What is asked.'),
};

export function waitCommand(context: CliContext, clock: Clock = systemClock()): Command {
  const log = plainLog((line) => context.stdout.write(line));
  return goCommand({
    name: 'wait',
    description: 'Wait until Envoy is ready.',
    flags: FLAGS,
    unknownFlags: 'refuse',
    run: async ({ flags }) => {
      log.info(`Waiting for Envoy proxy to be ready (timeout: ${flags.timeoutSeconds} seconds)...`);
      const { url, requestTimeoutMs, periodMs, timeoutSeconds } = flags;
      const attempt = (): Promise<string | undefined> =>
        readinessProblem(url, requestTimeoutMs, context.signal);
      await poll(attempt, { periodMs, timeoutMs: timeoutSeconds * SECOND_MS }, clock, context.signal);
      log.info('Envoy is ready!');
    },
  });
}

interface PollSettings {
  /** Before each attempt, the first one too. */
  readonly periodMs: number;
  readonly timeoutMs: number;
}

/** @param attempt gives what is wrong, or undefined. @throws AgentError after the timeout, with the last problem */
async function poll(
  attempt: () => Promise<string | undefined>,
  { periodMs, timeoutMs }: PollSettings,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> {
  const deadlineMs = clock.monotonicMs() + timeoutMs;
  let problem: string | undefined = '<nil>';
  while (problem !== undefined) {
    const leftMs = deadlineMs - clock.monotonicMs();
    await clock.sleep(Math.max(0, Math.min(periodMs, leftMs)), signal);
    if (leftMs < periodMs) {
      throw new AgentError(`timeout waiting for Envoy proxy to become ready. Last error: ${problem}`);
    }
    problem = await attempt();
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
