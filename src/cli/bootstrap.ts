// The command `bootstrap`: what `proxy` with the same words would start Envoy with, shown and nothing else done.
// No upstream counterpart.

import type { Command } from 'commander';

import { NODE_TYPES, proxyFlags } from '../config/proxy-flags.ts';
import { offlineAgentConfig } from './agent-config-input.ts';
import type { CliContext } from './context.ts';
import { goCommand } from './go-flags.ts';

const GUIDE = `Run it in a pod, or with a pod's variables anywhere else; it opens and writes nothing and asks nobody. The bootstrap
goes to standard output with secrets masked, and to standard error what was ignored and, for each part that is there
only on demand (+ there, - absent), the setting that asks for it.

Examples:
  kubectl exec web-1 -c istio-proxy -- pilot-agent bootstrap > bootstrap.json
  PROXY_CONFIG='{tracing: {zipkin: {address: "zipkin:9411"}}}' agent bootstrap sidecar`;

/** Of the network that is reserved for documentation. */
const ANY_ADDRESS = '192.0.2.1';

export function bootstrapCommand(context: CliContext): Command {
  return goCommand({
    name: 'bootstrap',
    description: 'Print the bootstrap that proxy with the same words would start Envoy with.',
    positionals: '[sidecar|router]',
    choices: [NODE_TYPES],
    guide: GUIDE,
    flags: proxyFlags,
    unknownFlags: 'ignore',
    run: async (words) => {
      const config = await offlineAgentConfig(context, words, (host) => {
        context.stderr.write(`note: ${host} is not looked up here, ${ANY_ADDRESS} stands for it\n`);
        return ANY_ADDRESS;
      });
      const { inspectBootstrap } = await import('../agent/inspect.ts');
      const { text, sections, remarks } = await inspectBootstrap(config);
      for (const remark of remarks) context.stderr.write(`note: ${remark}\n`);
      for (const section of sections) context.stderr.write(`${section}\n`);
      context.stdout.write(text);
    },
  });
}
