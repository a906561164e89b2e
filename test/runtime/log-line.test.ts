import { deepEqual, equal } from 'node:assert/strict';

import { consoleLine, jsonLine } from '../../src/runtime/log-line.ts';
import type { LogRecord } from '../../src/runtime/log.ts';

const RECORD: LogRecord = {
  time: new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678)),
  level: 'info',
  scope: 'sds',
  message: 'ready\nnow',
  fields: { id: 1, ttl: '5s', x: undefined },
};

describe('consoleLine', () => {
  it('separates time, level, scope, message and fields by tabs, and keeps newlines', () => {
    equal(consoleLine(RECORD), '2026-01-02T03:04:05.678000Z\tinfo\tsds\tready\nnow\tid=1 ttl=5s');
  });

  it('leaves the default scope and absent fields out', () => {
    equal(consoleLine({ ...RECORD, scope: '', fields: {} }), '2026-01-02T03:04:05.678000Z\tinfo\tready\nnow');
  });

  it('names the caller before the message and puts the stack below', () => {
    const line = consoleLine({ ...RECORD, message: 'm', fields: {}, caller: 'a.ts:1', stack: 'at f\nat g' });

    equal(line, '2026-01-02T03:04:05.678000Z\tinfo\tsds\ta.ts:1\tm\nat f\nat g');
  });
});

describe('jsonLine', () => {
  it('has its keys in order, fields with their kind, nothing that is absent', () => {
    const line = jsonLine({ ...RECORD, caller: 'a.ts:1', stack: 'at f' });

    equal(
      line,
      '{"level":"info","time":"2026-01-02T03:04:05.678000Z","scope":"sds","caller":"a.ts:1",' +
        String.raw`"msg":"ready\nnow","id":1,"ttl":"5s","stack":"at f"}`,
    );
    deepEqual(Object.keys(JSON.parse(jsonLine({ ...RECORD, scope: '', fields: {} })) as object), [
      'level',
      'time',
      'msg',
    ]);
  });
});
