import { deepEqual } from 'node:assert/strict';

import { CauseLog } from '../../src/runtime/cause-log.ts';
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
