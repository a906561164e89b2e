import { deepEqual } from 'node:assert/strict';

import { CauseLog, CauseLogs } from '../../src/runtime/cause-log.ts';
import { recordLog } from '../../src/runtime/log.ts';

describe('CauseLog', () => {
  it('warns once per cause, again after another one or after the fault was over', () => {
    const lines: string[] = [];
    const causes = new CauseLog(recordLog(({ level, message }) => void lines.push(`${level} ${message}`)));

    causes.warn('refused', { id: 1 });
    causes.warn('refused', { id: 2 });
    causes.warn('timed out');
    causes.warn('refused');
    causes.clear();
    causes.warn('refused');

    deepEqual(lines, ['warn refused', 'debug refused', 'warn timed out', 'warn refused', 'warn refused']);
  });

  it('takes messages for one cause when it is told so', () => {
    const lines: string[] = [];
    const causes = new CauseLog(recordLog(({ level, message }) => void lines.push(`${level} ${message}`)));

    causes.warn('refused by one', {}, 'refused');
    const news = ['refused', 'timed out'].map((cause) => causes.isNews(cause));
    causes.warn('refused by another', {}, 'refused');

    deepEqual(lines, ['warn refused by one', 'debug refused by another']);
    deepEqual(news, [false, true]);
  });
});

describe('CauseLogs', () => {
  it('keeps the causes of one subject apart from those of another, until its fault is over', () => {
    const lines: string[] = [];
    const causes = new CauseLogs(recordLog(({ level, message }) => void lines.push(`${level} ${message}`)));
    const fail = (): void => ['a', 'b'].forEach((one) => causes.of(one).error(`${one} refused`));

    fail();
    fail();
    causes.clear('a');
    fail();

    deepEqual(lines, [
      'error a refused',
      'error b refused',
      'debug a refused',
      'debug b refused',
      'error a refused',
      'debug b refused',
    ]);
  });

  it('forgets the oldest of a thousand subjects for the next', () => {
    const lines: string[] = [];
    const causes = new CauseLogs(recordLog(({ level, message }) => void lines.push(`${level} ${message}`)));

    for (let subject = 0; subject <= 1000; subject++) causes.of(String(subject)).warn('refused');
    for (const subject of ['1000', '0']) causes.of(subject).warn(`${subject} again`, {}, 'refused');

    deepEqual(lines.slice(-2), ['debug 1000 again', 'warn 0 again']);
  });
});
