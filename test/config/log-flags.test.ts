import assert from 'node:assert/strict';

import { scopeLevels } from '../../src/config/log-flags.ts';

describe('scopeLevels', () => {
  it('has every scope at info and grpc at none', () => {
    const levels = scopeLevels('');

    assert.equal(levels.get('default'), 'info');
    assert.equal(levels.get('xdsproxy'), 'info');
    assert.equal(levels.get('grpc'), 'none');
  });

  it('means the default scope alone by a bare level', () => {
    const levels = scopeLevels('debug');

    assert.equal(levels.get('default'), 'debug');
    assert.equal(levels.get('sds'), 'info');
  });

  it('applies entries from left to right, `all` to every scope', () => {
    const levels = scopeLevels('sds:debug,all:error,cache:warn,nosuch:debug');

    assert.equal(levels.get('sds'), 'error');
    assert.equal(levels.get('grpc'), 'error');
    assert.equal(levels.get('cache'), 'warn');
    assert.equal(levels.has('nosuch'), false);
  });

  it('refuses unknown levels and a third part', () => {
    assert.throws(() => scopeLevels('foo'), { message: "invalid output level 'foo'" });
    assert.throws(() => scopeLevels('sds:foo'), { message: "invalid output level 'foo'" });
    assert.throws(() => scopeLevels('a:b:c'), { message: "invalid output level format 'a:b:c'" });
  });
});
