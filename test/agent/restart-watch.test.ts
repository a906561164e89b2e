import { deepEqual, equal, rejects } from 'node:assert/strict';

import { labelMetrics, restartWatcher, watching } from '../../src/agent/restart-watch.ts';
import type { PreparedEnvoy } from '../../src/agent/preparation.ts';
import type { RestartWatcher } from '../../src/agent/restart-watcher.ts';
import { aborted } from '../../src/runtime/tasks.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { recordingLog } from '../support/recording-log.ts';
import { agentConfig } from './support/agent-config.ts';

const NEVER = new AbortController().signal;

/** Watches until it is told to end, or fails at once. */
function watcher(failure?: Error): { subject: RestartWatcher; ended: () => boolean } {
  let ended = false;
  const run = async (signal: AbortSignal): Promise<void> => {
    if (failure !== undefined) throw failure;
    await aborted(signal);
    ended = true;
    signal.throwIfAborted();
  };
  return { subject: { run, labelsChanged: true } as unknown as RestartWatcher, ended: () => ended };
}

describe('watching', () => {
  it('ends with what it goes beside, and says nothing of that', async () => {
    const { subject, ended } = watcher();
    const { log, messages } = recordingLog();

    equal(await watching(subject, log, NEVER, async () => 'done'), 'done');

    deepEqual([ended(), messages()], [true, []]);
  });

  it('ends before that when it is told to', async () => {
    const { subject, ended } = watcher();
    const stop = new AbortController();

    await watching(subject, recordingLog().log, stop.signal, async () => {
      stop.abort(new Error('the agent is ending'));
      await new Promise(setImmediate);
      equal(ended(), true);
    });
  });

  it('costs no more than itself when it fails', async () => {
    const { log, messages } = recordingLog();

    await watching(watcher(new Error('ENOSPC')).subject, log, NEVER, () => new Promise(setImmediate));

    deepEqual(messages('error'), ['changed files cause no restart any more: ENOSPC']);
  });

  it('lets the other fail, and ends all the same', async () => {
    const { subject, ended } = watcher();

    await rejects(
      watching(subject, recordingLog().log, NEVER, () => Promise.reject(new Error('refused'))),
      /refused/,
    );
    equal(ended(), true);
  });
});

describe('restartWatcher', () => {
  const envoy = { inputs: () => [], inputsAtStart: new Map() } as unknown as PreparedEnvoy;
  const deps = {
    clock: new FakeClock(),
    random: () => 0,
    log: recordingLog().log,
    restart: () => Promise.resolve(),
  };

  it('is there with hot restart only', async () => {
    const [hot, cold] = [await agentConfig(), await agentConfig({ env: { ENVOY_HOT_RESTART: 'false' } })];

    deepEqual(
      [
        restartWatcher(hot, envoy, deps),
        restartWatcher(cold, envoy, deps),
        restartWatcher(hot, undefined, deps),
      ].map((made) => made !== undefined),
      [true, false, false],
    );
  });

  it('takes its times from the variables, of which none is negative', async () => {
    const env = {
      ENVOY_RESTART_DEBOUNCE: '3s',
      ENVOY_RESTART_JITTER: '-1s',
      RESTART_ON_LABEL_CHANGE: 'true',
      ENVOY_RESTART_MEMORY_CHECK: 'false',
      ENVOY_HANDOFF_SOAK: '2s',
    };

    const { supervision } = await agentConfig({ env });
    const { supervision: byDefault } = await agentConfig();

    const shown = ({
      debounceMs,
      jitterMs,
      restartOnLabelChange,
      memoryCheck,
      handoffSoakMs,
    }: typeof supervision) => [debounceMs, jitterMs, restartOnLabelChange, memoryCheck, handoffSoakMs];
    deepEqual(shown(supervision), [3000, 0, true, false, 2000]);
    deepEqual(shown(byDefault), [10_000, 10_000, false, true, 0]);
  });
});

describe('labelMetrics', () => {
  it('tells of labels that Envoy was not given, where anybody looks', () => {
    deepEqual(labelMetrics(undefined), []);
    deepEqual(labelMetrics(watcher().subject)[0]?.series, [{ value: 1 }]);
  });
});
