// The command `bootstrap`: what `proxy` with the same words would start Envoy with, shown and nothing else done.
// No upstream counterpart.

import type { Command } from 'commander';

import { proxyFlags } from '../config/proxy-flags.ts';
import { offlineAgentConfig } from './agent-config-input.ts';
import type { CliContext } from './context.ts';
import { goCommand } from './go-flags.ts';

export function bootstrapCommand(context: CliContext): Command {
  return goCommand({
    name: 'bootstrap',
    description: 'Print the bootstrap that proxy with the same words would start Envoy with.',
    positionals: '[sidecar|router]',
    flags: proxyFlags,
    unknownFlags: 'ignore',
    run: async (words) => {
      const config = await offlineAgentConfig(context, words);
      const { inspectBootstrap } = await import('../agent/inspect.ts');
      const { text, sections, remarks } = await inspectBootstrap(config);
      for (const remark of remarks) context.stderr.write(`note: ${remark}\n`);
      for (const section of sections) context.stderr.write(`${section}\n`);
      context.stdout.write(text);
    },
  });
}
