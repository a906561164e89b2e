// A supervisor whose first Envoy is live, for tests of what comes later.

import type { EnvoyDeps } from '../../../src/envoy/envoy-deps.ts';
import type { EnvoySettings } from '../../../src/envoy/settings.ts';
import type { Behaviour } from './model-envoy.ts';
import { ModelSupervisor } from './model-supervisor.ts';
import { shutdown } from './settings.ts';

export async function live(
  settings: Partial<EnvoySettings> = {},
  behaviour: Behaviour = {},
  deps: Partial<EnvoyDeps> = {},
): Promise<ModelSupervisor> {
  const subject = new ModelSupervisor(settings, deps);
  await subject.start(() => behaviour);
  return subject;
}

/** Settings with which the agent is the reference. */
export const COMPAT = {
  hotRestart: false,
  restartPolicy: 'never',
  shutdown: shutdown({ terminationGraceMs: 0 }),
} as const;

/** Signals sent so far, by epoch and name. */
export function signalsOf({ world }: ModelSupervisor): readonly (readonly [number, string])[] {
  return world.sent.map(({ envoy, name }) => [envoy.epoch, name]);
}
