// A report on rules in memory: what it prints, which tools it runs, and how it ends.

import { runCapture } from '../../../iptables/capture.ts';
import type { CaptureError } from '../../../iptables/errors.ts';
import type { CaptureRequest } from '../../../iptables/settings/capture-request.ts';
import type { RunTool } from '../../../iptables/tools/run-tool.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import { podRequest } from '../settings-example.ts';

export interface ReportRun {
  readonly printed: readonly string[];
  readonly error?: CaptureError;
}

export async function reportRun(
  kernel: { readonly run: RunTool },
  changes: Partial<CaptureRequest>,
): Promise<ReportRun> {
  const printed: string[] = [];
  const deps = {
    run: kernel.run,
    clock: new FakeClock(),
    log: recordingLog().log,
    host: {
      addresses: async () => ['10.1.2.3'],
      interfaces: async () => new Set(['lo', 'eth0']),
      readText: async () => '',
      uid: () => 0,
    },
    env: {},
    print: (line: string): void => void printed.push(line),
  };
  return runCapture(deps, podRequest(changes), AbortSignal.any([])).then(
    () => ({ printed }),
    (error: CaptureError) => ({ printed, error }),
  );
}
