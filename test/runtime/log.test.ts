import { deepEqual, equal, match } from 'node:assert/strict';

import { recordLog, type LogRecord } from '../../src/runtime/log.ts';
import { plainLog } from '../../src/runtime/plain-log.ts';

describe('log', () => {
  it('gives a child its scope', () => {
    const records: LogRecord[] = [];

    recordLog((record) => records.push(record))
      .child('dns')
      .warn('slow', { ms: 3 });

    deepEqual(
      records.map(({ level, scope, message, fields }) => ({ level, scope, message, fields })),
      [{ level: 'warn', scope: 'dns', message: 'slow', fields: { ms: 3 } }],
    );
  });

  it('keeps debug lines out of the plain writer', () => {
    const lines: string[] = [];
    const log = plainLog((line) => lines.push(line));

    log.debug('no');
    log.error('yes');

    equal(lines.length, 1);
    equal(lines[0]?.endsWith('\terror\tyes\n'), true);
  });

  it('finds out about its origin only where that is asked for', () => {
    const records: LogRecord[] = [];
    const log = recordLog(
      (record) => records.push(record),
      '',
      (level, scope) => ({ caller: scope === 'sds', stack: level === 'error' }),
    );

    log.info('plain');
    log.child('sds').info('with caller');
    log.error('with stack');

    deepEqual(
      records.map((record) => ['caller' in record, 'stack' in record]),
      [
        [false, false],
        [true, false],
        [false, true],
      ],
    );
    match(records[1]?.caller ?? '', /^log\.test\.ts:\d+$/);
    match(records[2]?.stack ?? '', /^at .*log\.test\.ts:\d+:\d+\)?\n/);
  });
});
