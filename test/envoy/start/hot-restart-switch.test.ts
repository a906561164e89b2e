import { deepEqual, equal } from 'node:assert/strict';

import { HotRestartSwitch } from '../../../src/envoy/start/hot-restart-switch.ts';
import { recordingLog } from '../../support/recording-log.ts';

describe('HotRestartSwitch', () => {
  it('is turned off once, and says why once', () => {
    const recorded = recordingLog();
    let calls = 0;
    const subject = new HotRestartSwitch(true, recorded.log, () => (calls += 1));
    deepEqual([subject.on, calls], [true, 0]);

    subject.turnOff('ENOSPC');
    subject.turnOff('again');

    deepEqual([subject.on, calls], [false, 1]);
    deepEqual(recorded.messages(), ['hot restart is off: shared memory cannot be used: ENOSPC']);
  });

  it('says nothing where it is configured to be off', () => {
    const recorded = recordingLog();
    let calls = 0;

    const subject = new HotRestartSwitch(false, recorded.log, () => (calls += 1));

    deepEqual([subject.on, calls], [false, 1]);
    equal(recorded.records.length, 0);
  });
});
