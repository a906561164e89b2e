// The command `wait`: polls a readiness URL until it answers 200. A postStart hook runs it to hold back the
// application's containers.
// Upstream: pilot/cmd/pilot-agent/app/wait.go.

import type { Command } from 'commander';

import { systemClock, type Clock } from '../runtime/clock.ts';
import { plainLog } from '../runtime/plain-log.ts';
import type { CliContext } from './context.ts';
import { goCommand } from './go-flags.ts';
import { untilReady, waitFlags, waitSettings } from './readiness-wait.ts';
import { warnOfRejectedVariables } from './rejected-variables.ts';

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
    flags: waitFlags,
    guide: GUIDE,
    unknownFlags: 'refuse',
    run: async ({ flags, given }) => {
      warnOfRejectedVariables(context);
      const settings = waitSettings(context, flags, given, log);
      await untilReady(settings, { clock, log }, context.signal);
    },
  });
}
