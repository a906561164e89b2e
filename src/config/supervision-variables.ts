// Variables about how Envoy is restarted and rescued. They are ours: the reference does neither.

import { MINUTE_MS, SECOND_MS } from '../runtime/duration.ts';
import { optional, row } from './env-row.ts';
import { goBool, goDuration, goInt, oneOf } from './parsers.ts';

/** Titled `Restart`. */
export const supervisionVariables = {
  hotRestart: row('ENVOY_HOT_RESTART', goBool, true, 'Planned restarts hand over to a new epoch.'),
  restartPolicy: row(
    'ENVOY_RESTART_POLICY',
    oneOf('never', 'on-failure', 'always'),
    'on-failure',
    'What follows when Envoy ends by itself.',
  ),
  parentShutdownMs: optional(
    'PARENT_SHUTDOWN_DURATION',
    goDuration,
    'Life of the old epoch after a hand-over; 60s.',
  ),
  handoffTimeoutMs: row(
    'ENVOY_HANDOFF_TIMEOUT',
    goDuration,
    60 * SECOND_MS,
    'How long a new epoch may take to be live.',
  ),
  restartBackoffMaxMs: row(
    'ENVOY_RESTART_BACKOFF_MAX',
    goDuration,
    60 * SECOND_MS,
    'Longest wait between restarts.',
  ),
  restartResetAfterMs: row(
    'ENVOY_RESTART_RESET_AFTER',
    goDuration,
    10 * MINUTE_MS,
    'Live this long, the restart budget is full again.',
  ),
  restartDebounceMs: row(
    'ENVOY_RESTART_DEBOUNCE',
    goDuration,
    10 * SECOND_MS,
    'From the first change of a file until it is looked at.',
  ),
  restartJitterMs: row(
    'ENVOY_RESTART_JITTER',
    goDuration,
    10 * SECOND_MS,
    'Longest random wait before a restart that a file asked for.',
  ),
  restartOnLabelChange: row(
    'RESTART_ON_LABEL_CHANGE',
    goBool,
    false,
    'Changed pod labels ask for a hot restart.',
  ),
  restartMemoryCheck: row(
    'ENVOY_RESTART_MEMORY_CHECK',
    goBool,
    true,
    'No hot restart where two Envoys do not fit into the memory limit.',
  ),
  handoffSoakMs: row(
    'ENVOY_HANDOFF_SOAK',
    goDuration,
    0,
    'How long a new epoch must stay live before its configuration counts as good.',
  ),
  envoyBaseId: optional('ENVOY_BASE_ID', goInt, 'Base id of shared memory and sockets; unset: a free one.'),
};
