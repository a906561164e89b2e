import { deepEqual, equal } from 'node:assert/strict';

import { startObstacle } from '../../../src/envoy/start/start-obstacle.ts';
import { TEXTS } from '../fixtures/fake/facts.ts';

const exit = (code: number) => ({ code, signal: null });
const by = (signal: NodeJS.Signals) => ({ code: null, signal });
const critical = (text: string): readonly string[] => [
  `[t][1][critical][assert] [a.cc:1] ${text}`,
  'a stack trace',
];

describe('startObstacle', () => {
  it('sees another Envoy in the sockets of its base id, and in a region it may not remove', () => {
    equal(startObstacle(exit(1), critical(TEXTS.bindDomainSocket(7, 0))), 'base id taken');
    equal(startObstacle(by('SIGABRT'), critical(TEXTS.noRegion(7, 'File exists'))), 'base id taken');
  });

  it('sees shared memory that is missing, closed to the user, read-only or full', () => {
    const reasons = ['No such file or directory', 'Permission denied', 'Read-only file system'];

    const found = reasons.map((why) => startObstacle(by('SIGABRT'), critical(TEXTS.noRegion(7, why))));

    deepEqual(found, ['no shared memory', 'no shared memory', 'no shared memory']);
    equal(startObstacle(by('SIGBUS'), []), 'no shared memory');
  });

  it('leaves every other end to the policy', () => {
    equal(startObstacle(exit(1), critical('unknown field')), undefined);
    equal(startObstacle(by('SIGABRT'), critical('assert failure')), undefined);
    equal(startObstacle(exit(0), critical(TEXTS.bindDomainSocket(7, 0))), undefined);
  });
});
