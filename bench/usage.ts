// What one program and all it starts take, as the kernel counts it for a parent: Python is that parent, because Node
// does not tell it of its children.

import type { NetworkNamespace } from '../test/iptables/network-namespace.ts';

export interface Usage {
  readonly wallMs: number;
  /** Of all processes together. */
  readonly processorMs: number;
  /** Of the largest process, and not less than the parent itself takes, about 10. */
  readonly peakMiB: number;
}

const PARENT = `
import json, os, subprocess, sys, time
started = time.monotonic()
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, used = os.wait4(child.pid, 0)
wall = time.monotonic() - started
print(json.dumps({"wallMs": wall * 1000, "processorMs": (used.ru_utime + used.ru_stime) * 1000,
                  "peakMiB": used.ru_maxrss / 1024}))
sys.exit(os.waitstatus_to_exitcode(status))
`;

/** @throws Error when the program fails */
export async function measuredRun(
  pod: NetworkNamespace,
  command: readonly string[],
  input: string,
): Promise<Usage> {
  const { code, stdout, stderr } = await pod.run('python3', ['-c', PARENT, ...command], { input });
  if (code !== 0) throw new Error(`${command.join(' ')}: ${stderr}`);
  return JSON.parse(stdout) as Usage;
}
