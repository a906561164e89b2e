import { deepEqual, equal } from 'node:assert/strict';

import { SecretFaults } from '../../src/sds/secret-faults.ts';
import { recordingLog } from '../support/recording-log.ts';

describe('SecretFaults', () => {
  it('tells of a cause once per name, until that name was given', () => {
    const { log, messages } = recordingLog();
    const faults = new SecretFaults(log);

    faults.failed('default', 'no CA', 1);
    faults.failed('default', 'no CA', 2);
    faults.failed('ROOTCA', 'no CA', 3);
    faults.failed('default', 'refused', 4);
    faults.given('default');
    faults.failed('default', 'refused', 5);

    const [noCa, refused] = ['no CA', 'refused'].map((why) => `ADS: stream terminated with error: ${why}`);
    deepEqual(messages('warn'), [noCa, noCa, refused, refused]);
  });

  it('forgets the first of more than a thousand names', () => {
    const { log, messages } = recordingLog();
    const faults = new SecretFaults(log);

    for (let i = 0; i <= 1000; i += 1) faults.failed(`made up ${i}`, 'unknown resource', i);
    faults.failed('made up 1', 'unknown resource', 1);
    equal(messages('warn').length, 1001);
    faults.failed('made up 0', 'unknown resource', 0);

    equal(messages('warn').length, 1002);
  });
});
