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
const AGENT_PORT = 15_020;
/** What the agent has and Envoy's admin has not: without a port it is asked of the agent. */
const AGENT_PATHS: ReadonlySet<string> = new Set(['restart', 'rotate']);
const TIMEOUT_MS = 60 * SECOND_MS;

const FLAGS = {
  debugPort: flag(
    'debug-port',
    INT32,
    15_000,
    'Port that is asked: 15000 Envoy, 15020 the agent, 15021 readiness, 15004 the control plane.',
    undefined,
    { choices: ALLOWED_PORTS.map(String) },
  ),
};

const GUIDE = `Prints the body of the answer and nothing else, so that programs can read it. Status 404 and everything below 400 end
with 0, any other with 255. Without a port, restart and rotate are asked of the agent, everything else of Envoy.

Examples:
  agent request GET config_dump
  agent request POST 'logging?level=debug'
  agent request POST restart                         hot restart
  agent request POST 'restart?force=true'            hot restart, even while an older Envoy drains
  agent request POST rotate                          new certificate now
  agent request --debug-port=15020 POST drain        what preStop hooks run
  agent request --debug-port=15020 GET debug/ndsz    names of the mesh
  agent request --debug-port=15020 GET 'debug/ndsz?host=reviews.shop'   why a name resolves as it does
  agent request --debug-port=15004 GET debug/syncz   of the control plane; needs PROXY_XDS_DEBUG_VIA_AGENT=true`;

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
    run: async ({ flags, args, given }) => {
      warnOfRejectedVariables(context);
      const [method, path, body] = args;
      if (method === undefined || path === undefined) {
        throw new ConfigError(`requires at least 2 arg(s), only received ${args.length}`);
      }
      const port = given.has(FLAGS.debugPort.name) ? flags.debugPort : usualPort(path, flags.debugPort);
      checkPort(port, allowedPorts);
      const url = `http://localhost:${port}/${path.replace(/^\//, '')}`;
      const exchange = { method, url, timeoutMs: TIMEOUT_MS, ...(body !== undefined && { body }) };
      const answer = await exchangeHttp(exchange, context.signal);
      if (answer.status >= 400 && answer.status !== 404) {
        throw new AgentError(`received unsuccessful status code ${answer.status}: ${String(answer.body)}`);
      }
      context.stdout.write(Buffer.concat([answer.body, Buffer.from('\n')])); // a profile is no text
    },
  });
}

function usualPort(path: string, fallback: number): number {
  const [name = ''] = path.replace(/^\//, '').split('?', 1);
  return AGENT_PATHS.has(name) ? AGENT_PORT : fallback;
}

function checkPort(port: number, allowed: readonly number[]): void {
  if (allowed.includes(port)) return;
  throw new ConfigError(`debug port ${port} is not in allowed list [${allowed.join(' ')}]`);
}
