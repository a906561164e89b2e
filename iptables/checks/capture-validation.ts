// `--run-validation`: the probe, and when none arrives, what stood in its way.
// Upstream counterpart: tools/istio-iptables/pkg/cmd/root.go, pkg/validation.

import type { Clock } from '../../src/runtime/clock.ts';
import type { Log } from '../../src/runtime/log.ts';
import { CaptureError, ValidationError } from '../errors.ts';
import type { CaptureJob } from '../job.ts';
import { familyOf } from '../settings/cidr.ts';
import { probeCapture } from './capture-probe.ts';
import type { ClueDeps } from './validation-clues.ts';

export interface ValidationDeps extends ClueDeps {
  readonly clock: Clock;
  readonly log: Log;
}

/** @throws ValidationError when no probe arrives in time; what can be known of the reason is logged before */
export async function validateCapture(
  deps: ValidationDeps,
  { request, settings }: CaptureJob,
  signal: AbortSignal,
): Promise<void> {
  const family = familyOf(settings.hostIP) ?? 'v4';
  const [outbound, inbound] = [Number(settings.proxyPort), Number(settings.inboundCapturePort)];
  const target = {
    family,
    probePort: request.probePort,
    capturePorts: [outbound, inbound],
    timeoutMs: request.probeTimeoutMs,
  };
  try {
    const port = await probeCapture(target, deps, signal);
    deps.log.info(`Validation passed, iptables rules established: the probe arrived at ${port}`);
    if (port !== inbound) {
      deps.log.warn(`the probe arrived at ${port}, where outbound traffic belongs, and not at ${inbound}`);
    }
  } catch (error) {
    if (!(error instanceof CaptureError)) throw error;
    const { validationClues } = await import('./validation-clues.ts');
    const clues = await validationClues(deps, { request, settings }, family);
    deps.log.error([HINT, ...clues].join('\n'));
    throw new ValidationError(`${error.message}: ${clues.join('; ')}`, { cause: error });
  }
}

const HINT = `iptables validation failed; workload is not ready for Istio.
With a CNI plugin: the pod may have started before the plugin of its node was ready to set the rules.
Under 'cni.repair.deletePods=true' it is deleted and made again by itself; otherwise delete it by hand.`;
