import assert from 'node:assert/strict';

import { flagDefaults } from '../../src/config/flag-rows.ts';
import { logFlags, logSettings } from '../../src/config/log-flags.ts';

function levelsOf(logOutputLevel: string) {
  return logSettings({ ...flagDefaults(logFlags), logOutputLevel }).levels;
}

describe('log levels', () => {
  it('are info by default, and none for grpc', () => {
    const levels = levelsOf('');

    assert.equal(levels.get('default'), 'info');
    assert.equal(levels.get('xdsproxy'), 'info');
    assert.equal(levels.get('grpc'), 'none');
  });

  it('means the default scope alone by a bare level', () => {
    const levels = levelsOf('debug');

    assert.equal(levels.get('default'), 'debug');
    assert.equal(levels.get('sds'), 'info');
  });

  it('applies entries from left to right, `all` to every scope', () => {
    const levels = levelsOf('sds:debug,all:error,cache:warn,nosuch:debug');

    assert.equal(levels.get('sds'), 'error');
    assert.equal(levels.get('grpc'), 'error');
    assert.equal(levels.get('cache'), 'warn');
    assert.equal(levels.has('nosuch'), false);
  });

  it('refuses unknown levels and a third part', () => {
    assert.throws(() => levelsOf('foo'), { message: "invalid output level 'foo'" });
    assert.throws(() => levelsOf('sds:foo'), { message: "invalid output level 'sds:foo'" });
    assert.throws(() => levelsOf('a:b:c'), { message: "invalid output level format 'a:b:c'" });
  });
});

describe('logSettings', () => {
  it('takes the scopes whose lines bring a stack or name their caller', () => {
    const flags = {
      ...flagDefaults(logFlags),
      logStacktraceLevel: 'sds:error,info',
      logCaller: 'ca,nosuch,sds',
    };

    const { stackLevels, callers } = logSettings(flags);

    assert.deepEqual(
      [...stackLevels],
      [
        ['sds', 'error'],
        ['default', 'info'],
      ],
    );
    assert.deepEqual([...callers], ['ca', 'sds']);
  });

  it('means every scope by all', () => {
    const { callers } = logSettings({ ...flagDefaults(logFlags), logCaller: 'all' });

    assert.ok(callers.has('default') && callers.has('xdsproxy'));
  });

  it('refuses an unknown level of stacks', () => {
    const flags = { ...flagDefaults(logFlags), logStacktraceLevel: 'default:loud' };

    assert.throws(() => logSettings(flags), { message: "invalid output level 'default:loud'" });
  });
});
