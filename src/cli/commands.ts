// Which commands there are, and how the one that was asked for is found and loaded: only its own module, because
// an init container must not pay for gRPC.
// Upstream: cobra, its suggestions.

import { goQuote } from '../config/go-quote.ts';
import { PROGRAM, type CommandEntry } from './command-entry.ts';
import { ExitError, FAILURE_EXIT_CODE } from './context.ts';

export const commands: readonly CommandEntry[] = [
  {
    name: 'proxy',
    group: 'In a pod',
    description: 'Run Envoy, its certificates, configuration and health.',
    load: async () => (await import('./proxy.ts')).proxyCommand,
  },
  {
    name: 'istio-iptables',
    group: 'In a pod',
    description: "Redirect the pod's traffic to Envoy.",
    load: async () => (await import('./istio-iptables.ts')).istioIptablesCommand,
  },
  {
    name: 'istio-clean-iptables',
    group: 'In a pod',
    description: "Remove the redirection of the pod's traffic.",
    load: async () => (await import('./istio-iptables.ts')).istioCleanIptablesCommand,
  },
  {
    name: 'wait',
    group: 'In a pod',
    description: 'Wait until Envoy is ready.',
    load: async () => (await import('./wait.ts')).waitCommand,
  },
  {
    name: 'exec',
    group: 'In a pod',
    description: 'Run a job once Envoy is ready, and end the sidecar after it.',
    load: async () => (await import('./exec.ts')).execCommand,
  },
  {
    name: 'request',
    group: 'Ask a running agent',
    description: 'Send one HTTP request to a debug port of this pod.',
    load: async () => (await import('./request.ts')).requestCommand,
  },
  {
    name: 'bootstrap',
    group: 'Look without running anything',
    description: 'Print what proxy would start Envoy with.',
    load: async () => (await import('./bootstrap.ts')).bootstrapCommand,
  },
  {
    name: 'config',
    group: 'Look without running anything',
    description: 'Print the ProxyConfig that counts, and where from.',
    load: async () => (await import('./config.ts')).configCommand,
  },
  {
    name: 'env',
    group: 'Look without running anything',
    description: 'Print every variable with the value that counts.',
    load: async () => (await import('./env.ts')).envCommand,
  },
  {
    name: 'version',
    group: 'Look without running anything',
    description: 'Print the version.',
    load: async () => (await import('./version.ts')).versionCommand,
  },
  {
    name: 'discovery',
    group: 'On your machine',
    description: 'Run a small control plane with its own CA, for tests.',
    load: async () => (await import('./discovery.ts')).discoveryCommand,
  },
  {
    name: 'completion',
    group: 'On your machine',
    description: 'Print a script that makes your shell complete words.',
    load: async () => (await import('./completion.ts')).completionCommand,
  },
  {
    name: 'complete',
    group: undefined,
    description: 'Answer the script of completion.',
    load: async () => {
      const { completeCommand } = await import('./complete.ts');
      return (context) => completeCommand(context, commands);
    },
  },
];

/** The error for a word that names no command, with the near misses. */
export function unknownCommand(word: string, names: readonly string[]): ExitError {
  const near = names.filter((name) => name.startsWith(word.toLowerCase()) || distance(word, name) <= 2);
  const lines = [`unknown command ${goQuote(word)} for "${PROGRAM}"`];
  if (near.length > 0) lines.push('', 'Did you mean this?', ...near.map((name) => `\t${name}`));
  return new ExitError(lines.join('\n'), FAILURE_EXIT_CODE, { hint: `Run '${PROGRAM} --help' for usage.` });
}

/** Levenshtein distance, without regard to case. */
function distance(left: string, right: string): number {
  const target = right.toLowerCase();
  let row = Array.from({ length: target.length + 1 }, (_, index) => index);
  for (const [index, letter] of left.toLowerCase().split('').entries()) {
    const next = [index + 1];
    for (let column = 1; column <= target.length; column++) {
      const replaced = (row[column - 1] ?? 0) + (target[column - 1] === letter ? 0 : 1);
      next.push(Math.min(replaced, (row[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
