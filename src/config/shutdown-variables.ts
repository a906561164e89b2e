// Variables about how Envoy and the agent end. Those of the reference come first, the others are ours.

import { SECOND_MS } from '../runtime/duration.ts';
import { optional, row } from './env-row.ts';
import { anyText, goBool, goDuration, goInt, oneOf } from './parsers.ts';

/** Titled `Shutdown`. */
export const shutdownVariables = {
  exitOnZeroActiveConnections: row(
    'EXIT_ON_ZERO_ACTIVE_CONNECTIONS',
    goBool,
    false,
    'Drain until connections are gone.',
  ),
  minimumDrainMs: row(
    'MINIMUM_DRAIN_DURATION',
    goDuration,
    5 * SECOND_MS,
    'First wait when draining until connections are gone.',
  ),
  terminationDrainSeconds: optional(
    'TERMINATION_DRAIN_DURATION_SECONDS',
    goInt,
    'Deprecated: overrides terminationDrainDuration.',
  ),
  exitOnZeroActiveRequests: row(
    'EXIT_ON_ZERO_ACTIVE_REQUESTS',
    goBool,
    false,
    'Drain until no request is open; idle connections do not count.',
  ),
  maximumDrainMs: optional(
    'MAXIMUM_DRAIN_DURATION',
    goDuration,
    'Longest drain until connections or requests are gone; unset: no limit.',
  ),
  preDrainDelayMs: row('PRE_DRAIN_DELAY', goDuration, 0, 'Wait before the drain begins.'),
  terminationGraceSeconds: optional(
    'TERMINATION_GRACE_PERIOD_SECONDS',
    goInt,
    "The pod's own deadline; waiting ends 2s before it.",
  ),
  envoyTermGraceMs: optional(
    'ENVOY_TERM_GRACE',
    goDuration,
    'SIGTERM to SIGKILL at the end; 2s, without hot restart 0s.',
  ),
  secondSignal: row(
    'AGENT_SECOND_SIGNAL',
    oneOf('ignore', 'abort'),
    'ignore',
    'What a second SIGTERM does: nothing, or the end without waiting.',
  ),
  nativeSidecarDrain: row(
    'NATIVE_SIDECAR_DRAIN',
    goBool,
    true,
    'POST /drain has Envoy drain; false: it does not, and the end waits as usual.',
  ),
  terminationMessagePath: row(
    'TERMINATION_MESSAGE_PATH',
    anyText,
    '/dev/termination-log',
    'Told why the agent ended unasked, if it exists; as terminationMessagePath of the container.',
  ),
};
