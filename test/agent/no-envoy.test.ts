import { deepEqual, equal } from 'node:assert/strict';

import { NoEnvoy } from '../../src/agent/no-envoy.ts';
import { recordingLog } from '../support/recording-log.ts';

describe('NoEnvoy', () => {
  it('ends in order when it is told to, not before', async () => {
    const stop = new AbortController();
    let over = false;

    const running = new NoEnvoy(recordingLog().log).run(stop.signal).finally(() => (over = true));
    await new Promise(setImmediate);
    equal(over, false);
    stop.abort();

    deepEqual(await running, { kind: 'drained' });
  });

  it('refuses a restart aloud', async () => {
    const recorded = recordingLog();

    const outcome = await new NoEnvoy(recorded.log).restart('SIGHUP');

    deepEqual(outcome, { kind: 'refused', why: 'there is no Envoy' });
    deepEqual(recorded.messages(), ['hot restart (SIGHUP) refused: there is no Envoy']);
  });

  it('shows that nothing runs', () => {
    const { active, candidate, draining, phase } = new NoEnvoy(recordingLog().log).snapshot();

    deepEqual([active, candidate, draining, phase], [undefined, undefined, [], 'idle']);
  });
});
