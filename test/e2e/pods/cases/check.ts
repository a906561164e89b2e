// What an expectation is judged by: a function that looks at a pod and throws when something is not as it should be.

import type { RunningPod, Termination } from '../kubelet/kubelet.ts';
import type { CallReport } from '../mesh/application/call.ts';
import type { Mesh } from '../mesh/mesh.ts';
import type { NodeWindow } from './node-window.ts';

/** How long a pod may take: several start side by side, and the kubelet's probes have periods of seconds. */
export const PATIENCE_MS = 90_000;

export interface Surroundings {
  readonly mesh: Mesh;
  /** Looks at pods from the node: from outside the mesh. */
  readonly node: NodeWindow;
}

export interface Subject extends Surroundings {
  readonly pod: RunningPod;
  /** Another pod of the mesh, with an application and a sidecar of its own. */
  readonly peer: RunningPod;
}

export interface EndedSubject extends Subject {
  readonly termination: Termination;
  /** What came of the peer's requests that were open when the pod was told to end. */
  readonly inFlight: CallReport | undefined;
}

/** Returns figures worth printing, or nothing. @throws Unmet or any other error: the expectation is not met */
export type Check<Seen = Subject> = (subject: Seen) => Promise<string | undefined>;

/** The pod is not as expected; the message says what was seen. */
export class Unmet extends Error {
  override readonly name = 'Unmet';
}

/** @param seen what was found instead. @throws Unmet unless the condition holds */
export function expect(condition: boolean, seen: string): asserts condition {
  if (!condition) throw new Unmet(seen);
}
