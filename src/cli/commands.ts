// Which commands there are, and how the one that was asked for is found and loaded: only its own module, because
// an init container must not pay for gRPC.
// Upstream: cobra, its suggestions.

import type { Command } from 'commander';

import type { CliContext } from './context.ts';
import { ExitError, FAILURE_EXIT_CODE } from './context.ts';

export interface CommandEntry {
  readonly name: string;
  readonly description: string;
  readonly load: () => Promise<(context: CliContext) => Command>;
}

export const PROGRAM = 'pilot-agent';

export const commands: readonly CommandEntry[] = [
  {
    name: 'bootstrap',
    description: 'Print the bootstrap that proxy would start Envoy with.',
    load: async () => (await import('./bootstrap.ts')).bootstrapCommand,
  },
  {
    name: 'config',
    description: 'Print the effective ProxyConfig and where each field came from.',
    load: async () => (await import('./config.ts')).configCommand,
  },
  {
    name: 'discovery',
    description: 'Run a small control plane with its own CA, for demos and tests.',
    load: async () => (await import('./discovery.ts')).discoveryCommand,
  },
  {
    name: 'env',
    description: 'Print every environment variable with the value that counts.',
    load: async () => (await import('./env.ts')).envCommand,
  },
  {
    name: 'istio-clean-iptables',
    description: "Remove the redirection of the pod's traffic.",
    load: async () => (await import('./istio-iptables.ts')).istioCleanIptablesCommand,
  },
  {
    name: 'istio-iptables',
    description: "Redirect the pod's traffic to Envoy.",
    load: async () => (await import('./istio-iptables.ts')).istioIptablesCommand,
  },
  {
    name: 'proxy',
    description: 'Run Envoy with its bootstrap, certificates, configuration and health.',
    load: async () => (await import('./proxy.ts')).proxyCommand,
  },
  {
    name: 'request',
    description: "Send one HTTP request to a debug port of this pod's agent or Envoy.",
    load: async () => (await import('./request.ts')).requestCommand,
  },
  {
    name: 'version',
    description: 'Print the version.',
    load: async () => (await import('./version.ts')).versionCommand,
  },
  {
    name: 'wait',
    description: 'Wait until Envoy is ready.',
    load: async () => (await import('./wait.ts')).waitCommand,
  },
];

/** The error for a word that names no command, with the near misses. */
export function unknownCommand(word: string, names: readonly string[]): ExitError {
  const near = names.filter((name) => name.startsWith(word.toLowerCase()) || distance(word, name) <= 2);
  const lines = [`unknown command ${JSON.stringify(word)} for "${PROGRAM}"`];
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
