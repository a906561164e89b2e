// Tools in a mount namespace of their own, for a CNI plugin that runs them with the host's file system: user
// look-ups must not leave for the network, and the lock must be the pod's, not the node's.
// Upstream counterpart: tools/istio-iptables/pkg/dependencies/implementation_linux.go runInSandbox.

import { messageOf } from '../../src/runtime/errors.ts';
import type { Log } from '../../src/runtime/log.ts';
import { oneLine } from './failure.ts';
import type { RunTool, ToolCall } from './run-tool.ts';

export interface SandboxDeps {
  readonly run: RunTool;
  readonly log: Log;
}

/** Mounts inside the new namespace, then becomes the tool. First argument: the lock file, may be empty. */
const SCRIPT = `
if [ -e /etc/nsswitch.conf ]; then
  mount --bind /dev/null /etc/nsswitch.conf && mount -o remount,bind,ro /etc/nsswitch.conf || exit 1
fi
if [ -n "$1" ]; then
  export XTABLES_LOCKFILE="$1"
  if [ -e /run/xtables.lock ]; then mount --bind "$1" /run/xtables.lock || exit 1; fi
fi
shift
exec "$@"
`;

/**
 * @param lockFile path of the pod's network namespace; programs too old for the variable get it mounted
 * @returns a runner of tools; without sandbox, and with a warning, when none can be built
 */
export async function sandboxedTools(deps: SandboxDeps, lockFile: string): Promise<RunTool> {
  const problems: string[] = [];
  for (const propagation of ['private', 'slave']) {
    const wrap = (call: ToolCall): ToolCall => wrapped(call, propagation, lockFile);
    const problem = await trial(deps, wrap);
    if (problem === undefined) return (call) => deps.run(wrap(call));
    problems.push(problem);
  }
  deps.log.warn(
    `failed to setup execution environment, attempting to continue anyways: ${problems.join('; ')}`,
  );
  return deps.run;
}

function wrapped(call: ToolCall, propagation: string, lockFile: string): ToolCall {
  const shell = ['sh', '-c', SCRIPT, 'sh', lockFile, call.file, ...call.args];
  return { ...call, file: 'unshare', args: ['--mount', '--propagation', propagation, ...shell] };
}

async function trial({ run }: SandboxDeps, wrap: (call: ToolCall) => ToolCall): Promise<string | undefined> {
  try {
    const { code, stderr } = await run(wrap({ file: 'true', args: [] }));
    return code === 0 ? undefined : oneLine(stderr);
  } catch (error) {
    return messageOf(error);
  }
}
