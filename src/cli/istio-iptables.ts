// The commands `istio-iptables` and `istio-clean-iptables`. They are run by init containers, so they load neither
// gRPC nor winston nor execa: tools run on node:child_process, and log lines are plain.

import type { Command } from 'commander';

import { runCapture } from '../../iptables/capture.ts';
import { CaptureError, ValidationError } from '../../iptables/errors.ts';
import { systemHost } from '../../iptables/settings/host.ts';
import { namespaceEntry } from '../../iptables/tools/network-entry.ts';
import { hostTools } from '../../iptables/tools/run-tool.ts';
import type { LogFlagValues } from '../config/log-flags.ts';
import { systemClock } from '../runtime/clock.ts';
import { nodeSpawn } from '../runtime/node-spawn.ts';
import { type CliContext, ExitError } from './context.ts';
import { goCommand } from './go-flags.ts';
import { captureFlags, type CaptureFlagValues } from './istio-iptables-flags.ts';
import { captureRequest } from './istio-iptables-request.ts';
import { asksForReport, withPacketWord } from './istio-iptables-report-flags.ts';
import { openPlainLog } from './logging.ts';

const GUIDE = `An init container runs it as root with NET_ADMIN, once, before the application starts; it sets iptables rules in the
pod's network namespace and ends. Every flag but --envoy-port can be preset by a variable of its name in capitals, with
_ for - (DRY_RUN=true); "agent env" lists them. It ends with 0, with 1 when the rules cannot be set, and with 126 when
--run-validation finds that traffic is not captured.

Examples:
  agent istio-iptables -p 15001 -z 15006 -u 1337 -m REDIRECT -i '*' -x "" -b '*' -d 15090,15021,15020
  agent istio-iptables -i '*' -b '*' --dry-run           show the rules, change nothing
  agent istio-iptables --cleanup-only                    remove them again
  agent istio-iptables -i '*' --explain --from 10.0.0.5 --to 10.1.2.3:5432 --uid 1000    what happens to a packet
  agent istio-iptables -i '*' -b '*' --diff              compare the kernel with these flags; 1: they differ
  agent istio-iptables -i '*' -b '*' --plan -o json      what a run would change here`;

const CLEAN_GUIDE = `Run it as root in the network namespace of the pod or the machine; it removes every rule that istio-iptables sets,
whichever flags made it.

Example:
  agent istio-clean-iptables`;

export function istioIptablesCommand(context: CliContext): Command {
  return goCommand({
    name: 'istio-iptables',
    description: "Redirect the pod's traffic to Envoy.",
    guide: GUIDE,
    flags: captureFlags,
    usesLogFlags: true,
    unknownFlags: 'refuse',
    run: ({ flags, given, args }) => capture(context, withPacketWord(flags, args), given, {}),
  });
}

/** Removes every own rule of both families, however it was made. */
export function istioCleanIptablesCommand(context: CliContext): Command {
  return goCommand({
    name: 'istio-clean-iptables',
    description: "Remove the redirection of the pod's traffic.",
    guide: CLEAN_GUIDE,
    flags: captureFlags,
    usesLogFlags: true,
    unknownFlags: 'refuse',
    run: ({ flags, given }) => capture(context, flags, given, { cleanup: 'all' }),
  });
}

/** What any failure of these commands ends with, except an unreadable command line and a failed validation. */
const CAPTURE_FAILED = 1;

const ASIDE = { logTarget: ['stderr'], logOutputLevel: 'default:warn' };

/** Repair controllers look for this one. */
const VALIDATION_FAILED = 126;

async function capture(
  context: CliContext,
  flags: CaptureFlagValues & LogFlagValues,
  given: ReadonlySet<string>,
  overrides: { readonly cleanup?: 'all' },
): Promise<void> {
  // A report has standard output for itself.
  const reports = asksForReport(flags);
  const log = await openPlainLog(context, reports ? { ...flags, ...ASIDE } : flags);
  const request = { ...captureRequest(flags, given, context.env, (text) => log.warn(text)), ...overrides };
  try {
    const entry = await namespaceEntry(request.networkNamespace);
    if (entry !== undefined)
      return await (await import('./istio-iptables-inside.ts')).runInside(context, entry);
    await runCapture(
      {
        run: hostTools(nodeSpawn, definedEntries(context.env)),
        host: systemHost(),
        clock: systemClock(),
        log,
        print: (line) => context.stdout.write(`${line}\n`),
        env: context.env,
      },
      request,
      context.signal,
    );
  } catch (error) {
    if (error instanceof ValidationError)
      throw new ExitError(error.line, VALIDATION_FAILED, { cause: error });
    if (error instanceof CaptureError)
      throw new ExitError(error.line, CAPTURE_FAILED, { cause: error, logged: reports });
    throw error;
  }
}

function definedEntries(env: CliContext['env']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
