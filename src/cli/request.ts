// The command `request`: one HTTP request to a debug port of this pod. Tools run it inside the container and parse
// its standard output, so on success nothing but the body goes there.
// Upstream: pilot/cmd/pilot-agent/app/request.go.

import type { Command } from 'commander';

import { flag, INT32 } from '../config/flag-rows.ts';
import { SECOND_MS } from '../runtime/duration.ts';
import { AgentError, ConfigError } from '../runtime/errors.ts';
import type { CliContext } from './context.ts';
import { goCommand } from './go-flags.ts';
import { exchangeHttp } from './http-exchange.ts';
import { warnOfRejectedVariables } from './rejected-variables.ts';

/** Envoy's admin, the control-plane debug port, the agent, Envoy's health port. */
const ALLOWED_PORTS = [15_000, 15_004, 15_020, 15_021];
const TIMEOUT_MS = 60 * SECOND_MS;

const FLAGS = {
  debugPort: flag(
    'debug-port',
    INT32,
    15_000,
    'Port that is asked: 15000 Envoy, 15020 the agent, 15021 readiness, 15004.',
    undefined,
    { choices: ALLOWED_PORTS.map(String) },
  ),
};

const GUIDE = `Prints the body of the answer and nothing else, so that programs can read it. Status 404 and everything below 400 end
with 0, any other with 255.

Examples:
  agent request GET config_dump
  agent request POST 'logging?level=debug'
  agent request --debug-port=15020 POST restart      hot restart
  agent request --debug-port=15020 POST rotate       new certificate now
  agent request --debug-port=15020 POST drain        what preStop hooks run`;

export function requestCommand(
  context: CliContext,
  allowedPorts: readonly number[] = ALLOWED_PORTS,
): Command {
  return goCommand({
    name: 'request',
    description: "Send one HTTP request to a debug port of this pod's agent or Envoy.",
    positionals: '<method> <path> [<body>]',
    flags: FLAGS,
    choices: [['GET', 'POST']],
    guide: GUIDE,
    unknownFlags: 'refuse',
    run: async ({ flags, args }) => {
      warnOfRejectedVariables(context);
      const [method, path, body] = args;
      if (method === undefined || path === undefined) {
        throw new ConfigError(`requires at least 2 arg(s), only received ${args.length}`);
      }
      checkPort(flags.debugPort, allowedPorts);
      const url = `http://localhost:${flags.debugPort}/${path.replace(/^\//, '')}`;
      const exchange = { method, url, timeoutMs: TIMEOUT_MS, ...(body !== undefined && { body }) };
      const answer = await exchangeHttp(exchange, context.signal);
      if (answer.status >= 400 && answer.status !== 404) {
        throw new AgentError(`received unsuccessful status code ${answer.status}: ${String(answer.body)}`);
      }
      context.stdout.write(Buffer.concat([answer.body, Buffer.from('\n')])); // a profile is no text
    },
  });
}

function checkPort(port: number, allowed: readonly number[]): void {
  if (allowed.includes(port)) return;
  throw new ConfigError(`debug port ${port} is not in allowed list [${allowed.join(' ')}]`);
}
