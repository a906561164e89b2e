import { deepEqual, doesNotMatch, match } from 'node:assert/strict';

import { lineLog, type LogSettings, type ScopeLevel } from '../../src/runtime/log-settings.ts';

function logged(settings: Partial<LogSettings>, use: (log: ReturnType<typeof lineLog>) => void): string[] {
  const lines: string[] = [];
  const all = {
    json: false,
    levels: new Map(),
    stackLevels: new Map(),
    callers: new Set<string>(),
    ...settings,
  };
  use(lineLog(all, (line) => lines.push(line)));
  return lines;
}

describe('lineLog', () => {
  it('writes what the level of the scope includes; a scope without one is at info', () => {
    const lines = logged(
      {
        levels: new Map([
          ['default', 'error'],
          ['sds', 'debug'],
          ['grpc', 'none'],
        ]),
      },
      (log) => {
        log.warn('a');
        log.error('b');
        log.child('sds').debug('c');
        log.child('grpc').error('d');
        log.child('other').debug('e');
        log.child('other').info('f');
      },
    );

    deepEqual(
      lines.map((line) => line.at(-1)),
      ['b', 'c', 'f'],
    );
  });

  it('tells what a scope writes just now', () => {
    const levels = new Map<string, ScopeLevel>([['sds', 'info']]);
    const asked: boolean[] = [];

    logged({ levels }, (log) => {
      const sds = log.child('sds');
      asked.push(sds.isOn('info'), sds.isOn('debug'), log.isOn('debug'));
      levels.set('sds', 'debug');
      asked.push(sds.isOn('debug'), log.isOn('debug'));
    });

    deepEqual(asked, [true, false, false, true, false]);
  });

  it('brings stacks from the wanted level on, and callers for the wanted scopes', () => {
    const settings = { stackLevels: new Map([['default', 'error'] as const]), callers: new Set(['default']) };

    const [warned = '', failed = '', other = ''] = logged(settings, (log) => {
      log.warn('a');
      log.error('b');
      log.child('sds').error('c');
    });

    match(warned, /\twarn\tlog-settings\.test\.ts:\d+\ta$/);
    match(failed, /\terror\tlog-settings\.test\.ts:\d+\tb\nat .*log-settings\.test\.ts/);
    doesNotMatch(other, /test\.ts/);
  });

  it('writes JSON where that is asked for', () => {
    const [line = ''] = logged({ json: true }, (log) => log.info('a', { n: 1 }));

    match(line, /^\{"level":"info","time":"[^"]+","msg":"a","n":1\}$/);
  });
});
