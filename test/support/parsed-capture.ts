// The words of a command line as `istio-iptables` reads them.

import type { CaptureRequest } from '../../iptables/settings/capture-request.ts';
import { goCommand } from '../../src/cli/go-flags.ts';
import { captureFlags } from '../../src/cli/istio-iptables-flags.ts';
import { withPacketWord } from '../../src/cli/istio-iptables-report-flags.ts';
import { captureRequest } from '../../src/cli/istio-iptables-request.ts';

export interface ParsedCapture {
  readonly request: CaptureRequest;
  readonly warnings: readonly string[];
}

/** Rejects with what the command would end with. */
export async function parsedCapture(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<ParsedCapture> {
  const warnings: string[] = [];
  const { promise, resolve } = Promise.withResolvers<CaptureRequest>();
  const command = goCommand({
    name: 'istio-iptables',
    description: '',
    flags: captureFlags,
    unknownFlags: 'refuse',
    run: async ({ flags, given, args: words }) =>
      resolve(captureRequest(withPacketWord(flags, words), given, env, (warning) => warnings.push(warning))),
  });
  await command.parseAsync([...args]);
  return { request: await promise, warnings };
}
