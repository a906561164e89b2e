// The command `version`: what this build says about itself, in four forms.
// Upstream: istio pkg/version/cobra.go.

import type { Command } from 'commander';

import { buildInfo } from '../config/build-info.ts';
import { BOOL, flag, STRING } from '../config/flag-rows.ts';
import { goQuote } from '../config/go-quote.ts';
import { ConfigError } from '../runtime/errors.ts';
import type { CliContext } from './context.ts';
import { goCommand } from './go-flags.ts';
import { warnOfRejectedVariables } from './rejected-variables.ts';

const FLAGS = {
  short: flag('short', BOOL, false, 'Show the version number alone.', 's'),
  output: flag('output', STRING, '', "'yaml' or 'json'; else one line.", 'o', { choices: ['yaml', 'json'] }),
};

const GUIDE = `The version is that of the Istio release this agent stands in for: control planes and tools look at it. The agent's own
version is agent_version in the two other forms.

Examples:
  agent version --short
  agent version -o json`;

export function versionCommand(context: CliContext): Command {
  return goCommand({
    name: 'version',
    description: 'Print the version.',
    flags: FLAGS,
    guide: GUIDE,
    unknownFlags: 'refuse',
    run: async ({ flags }) => {
      warnOfRejectedVariables(context);
      context.stdout.write(`${versionText(flags.output, flags.short)}\n`);
    },
  });
}

/** @throws ConfigError for an output form there is not */
function versionText(output: string, short: boolean): string {
  const { istioVersion: version, agentVersion, revision, status, tag } = buildInfo;
  const node = process.version;
  if (output === 'json') {
    const clientVersion = { version, revision, golang_version: node, status, tag };
    const own = { node_version: node, agent_version: agentVersion };
    return JSON.stringify({ clientVersion: { ...clientVersion, ...own } }, undefined, 2);
  }
  if (output === 'yaml') {
    const fields = { agent_version: agentVersion, golang_version: node, node_version: node };
    return yamlText({ ...fields, revision, status, tag, version });
  }
  if (output !== '') throw new ConfigError("--output must be 'yaml' or 'json'");
  if (short) return `client version: ${version}`;
  const parts = {
    Version: version,
    GitRevision: revision,
    GolangVersion: node,
    BuildStatus: status,
    GitTag: tag,
  };
  const shown = Object.entries(parts).map(([name, value]) => `${name}:${goQuote(value)}`);
  return `client version: version.BuildInfo{${shown.join(', ')}}`;
}

/** With the empty line upstream ends with. */
function yamlText(fields: Readonly<Record<string, string>>): string {
  const lines = Object.entries(fields).map(([name, value]) => `  ${name}: ${value}`);
  return ['clientVersion:', ...lines, ''].join('\n');
}
