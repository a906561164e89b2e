import { deepEqual, equal, match } from 'node:assert/strict';

import { controlsOf, type AgentControls, type ControlledParts } from '../../src/agent/controls.ts';
import type { RestartOutcome } from '../../src/envoy/restart/restart-outcome.ts';
import { AgentError, messageOf } from '../../src/runtime/errors.ts';
import { recordingLog, type RecordingLog } from '../support/recording-log.ts';

interface Controlled {
  readonly controls: AgentControls;
  readonly stopping: AbortController;
  readonly recorded: RecordingLog;
  /** What was asked of the parts, in order. */
  readonly asked: readonly string[];
}

interface Answers {
  readonly rotate?: () => Promise<void>;
  /** There is no hot restart. */
  readonly tells?: boolean;
}

const COMMITTED: RestartOutcome = { kind: 'committed', epoch: 4, generation: 9 };

function controlled({ rotate, tells = false }: Answers = {}): Controlled {
  const asked: string[] = [];
  const recorded = recordingLog();
  const stopping = new AbortController();
  const parts: ControlledParts = {
    supervisor: {
      restart: (reason, options) => {
        asked.push(`restart: ${reason}${options?.force ? ' by force' : ''}`);
        return Promise.resolve(COMMITTED);
      },
      killAll: () => void asked.push('kill all'),
      reopenLogs: () => void asked.push('reopen logs'),
      skipDrain: () => void asked.push(stopping.signal.aborted ? 'skip drain, too late' : 'skip drain'),
    },
    secrets: { rotateNow: () => (asked.push('rotate'), rotate?.() ?? Promise.resolve()) },
    stopping,
    log: recorded.log,
    ...(tells && { tellOfChanges: () => Promise.resolve(void asked.push('tell of changes')) }),
  };
  return { controls: controlsOf(parts), stopping, recorded, asked };
}

function settled(): Promise<void> {
  return new Promise(setImmediate);
}

describe('controlsOf', () => {
  it('asks for a restart and leaves its outcome to the supervisor', async () => {
    const { controls, recorded, asked } = controlled();

    controls.restart('SIGHUP');
    controls.restart('POST /restart', { force: true });
    await settled();

    deepEqual(asked, ['restart: operator', 'restart: operator by force']);
    deepEqual(recorded.messages(), ['hot restart asked for: SIGHUP', 'hot restart asked for: POST /restart']);
  });

  it('tells what a restart of the agent would bring where Envoys cannot hand over', async () => {
    const { controls, asked } = controlled({ tells: true });

    controls.restart('SIGHUP');
    await settled();

    deepEqual(asked, ['restart: operator', 'tell of changes']);
  });

  it('has a certificate signed, and only warns when the CA gives none', async () => {
    const rotate = (): Promise<void> => Promise.reject(new AgentError('CA unreachable'));
    const { controls, recorded, asked } = controlled({ rotate });

    controls.rotate();
    await settled();

    deepEqual(asked, ['rotate']);
    match(recorded.messages('warn')[0] ?? '', /the present one stays: CA unreachable/);
  });

  it('ends the agent with the cause, and says before that nothing is to be drained', () => {
    const { controls, stopping, asked } = controlled();

    controls.quit('/quitquitquit called');

    deepEqual(asked, ['skip drain']);
    equal(messageOf(stopping.signal.reason), '/quitquitquit called');
  });

  it('stops the agent with the cause, and leaves the drain to it', () => {
    const { controls, stopping, asked } = controlled();

    controls.stop('the status port failed');

    deepEqual(asked, []);
    equal(messageOf(stopping.signal.reason), 'the status port failed');
  });

  it('has log files opened anew', () => {
    const { controls, asked } = controlled();

    controls.reopenLogs();

    deepEqual(asked, ['reopen logs']);
  });

  it('kills every Envoy in the last moment', () => {
    const { controls, asked } = controlled();

    controls.kill();

    deepEqual(asked, ['kill all']);
  });
});
