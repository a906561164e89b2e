// What probes and hooks of a container do: commands inside it, and requests to the pod from the node.

import type { Clock } from '../../../../../src/runtime/clock.ts';
import { abortable } from '../../../../../src/runtime/tasks.ts';
import type { Finished } from '../contract.ts';
import type { NetworkTrial, TrialResult } from '../network/node-messages.ts';
import type { Action, ContainerSpec, HttpGetAction, ProbeSpec } from '../pod-spec.ts';

/** The version that this kubelet says it is. */
const VERSION = '1.31';
const PROBE_AGENT = `kube-probe/${VERSION}`;
const HOOK_AGENT = `kube-lifecycle/${VERSION}`;

/** A hook that calls over the network has no time limit of its own. */
const HOOK_TIMEOUT_MS = 3_600_000;

/** Where actions of one container are done. */
export interface ActionPlace {
  readonly container: ContainerSpec;
  readonly podIp: string;
  readonly exec: (command: readonly string[], signal: AbortSignal) => Promise<Finished>;
  readonly tryFromNode: (trial: NetworkTrial) => Promise<TrialResult>;
  readonly clock: Clock;
}

/** @returns also for what cannot be tried at all: that is a failure like others */
export async function runProbe(
  { action, timeoutSeconds }: ProbeSpec,
  place: ActionPlace,
): Promise<TrialResult> {
  const timeoutMs = timeoutSeconds * 1000;
  try {
    if (action.do === 'exec') return await probeByCommand(action.command, timeoutMs, place);
    if (action.do === 'sleep') throw new Error('a probe cannot sleep');
    return await place.tryFromNode(networkTrial(action, place, { userAgent: PROBE_AGENT, timeoutMs }));
  } catch (error) {
    return { isSuccess: false, detail: error instanceof Error ? error.message : String(error) };
  }
}

/**
 * Resolves when the hook is done. A request has only to be answered; its status does not matter.
 *
 * @throws Error that says why it failed; the signal's reason when it aborts
 * @see Kubernetes' pkg/kubelet/lifecycle/handlers.go
 */
export async function runHook(action: Action, place: ActionPlace, signal: AbortSignal): Promise<void> {
  if (action.do === 'sleep') return place.clock.sleep(action.seconds * 1000, signal);
  if (action.do === 'exec') {
    const { exitCode, stdout, stderr } = await place.exec(action.command, signal);
    if (exitCode !== 0) throw new Error(`exit code ${exitCode}: ${(stderr || stdout).trim()}`);
    return;
  }
  if (action.do !== 'httpGet') throw new Error(`Kubernetes runs no hook of the kind ${action.do}`);
  const timing = { userAgent: HOOK_AGENT, timeoutMs: HOOK_TIMEOUT_MS };
  const trial = place.tryFromNode(networkTrial(action, place, timing));
  const { isSuccess, detail } = await abortable(trial, signal);
  if (!isSuccess) throw new Error(detail);
}

async function probeByCommand(
  command: readonly string[],
  timeoutMs: number,
  { exec }: ActionPlace,
): Promise<TrialResult> {
  const { exitCode, stdout, stderr } = await exec(command, AbortSignal.timeout(timeoutMs));
  return { isSuccess: exitCode === 0, detail: `exit code ${exitCode}: ${(stdout + stderr).trim()}` };
}

function networkTrial(
  action: HttpGetAction | Extract<Action, { readonly do: 'tcpSocket' }>,
  { container, podIp }: ActionPlace,
  timing: { readonly userAgent: string; readonly timeoutMs: number },
): NetworkTrial {
  const port = portNumber(action.port, container);
  const target = { ...timing, address: podIp, port };
  if (action.do === 'tcpSocket') return { ...target, do: 'tcpSocket' };
  return { ...target, ...action, port, anyStatus: timing.userAgent === HOOK_AGENT };
}

/** @throws Error for a name that is none of the container's ports */
function portNumber(port: number | string, { name, ports }: ContainerSpec): number {
  if (typeof port === 'number') return port;
  const found = ports.find((each) => each.name === port)?.containerPort ?? Number.parseInt(port, 10);
  if (Number.isNaN(found)) throw new Error(`the container ${name} has no port called ${port}`);
  return found;
}
