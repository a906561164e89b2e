// The command `config`: the effective ProxyConfig, each field with the layer it came from, and what follows for
// the end. No upstream counterpart.

import type { Command } from 'commander';

import { NODE_TYPES, proxyFlags } from '../config/proxy-flags.ts';
import type { JsonObject } from '../runtime/json.ts';
import { offlineAgentConfig } from './agent-config-input.ts';
import type { CliContext } from './context.ts';
import { goCommand } from './go-flags.ts';
import { columns, formatted, outputFlag } from './output.ts';

const GUIDE = `It shows which value won: of the built-in defaults, the mesh file, PROXY_CONFIG, the pod's annotations, and flags. It
takes the words of proxy, opens nothing, and masks secrets. The last line of the table tells when what happens once
the agent is told to end. Warnings go to standard error.

Examples:
  kubectl exec web-1 -c istio-proxy -- pilot-agent config
  agent config -o json | jq .drainDuration`;

export function configCommand(context: CliContext): Command {
  return goCommand({
    name: 'config',
    description: 'Print the effective ProxyConfig, each field with the layer it came from.',
    positionals: '[sidecar|router]',
    choices: [NODE_TYPES],
    guide: GUIDE,
    flags: { ...proxyFlags, output: outputFlag },
    unknownFlags: 'ignore',
    run: async (words) => {
      const config = await offlineAgentConfig(context, words, (host) => host);
      const { inspectProxyConfig, inspectShutdown } = await import('../agent/inspect.ts');
      const shutdown = inspectShutdown(config);
      for (const text of shutdown?.warnings ?? []) context.stderr.write(`warning: ${text}\n`);
      const fields = inspectProxyConfig(config);
      const shown: JsonObject = Object.fromEntries(
        fields.map(({ name, value, from }) => [name, { value, from }]),
      );
      const table = (): string =>
        columns([
          ['FIELD', 'FROM', 'VALUE'],
          ...fields.map(({ name, value, from }) => [name, from, JSON.stringify(value)]),
          ...(shutdown === undefined ? [] : [[''], [shutdown.line]]),
        ]);
      context.stdout.write(await formatted(words.flags.output, shown, table));
    },
  });
}
