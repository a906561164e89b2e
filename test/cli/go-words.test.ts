import assert from 'node:assert/strict';

import { splitGoWords, type UnknownFlags } from '../../src/cli/go-words.ts';
import { BOOL, flag, INT, STRING } from '../../src/config/flag-rows.ts';

const rows = [
  flag('domain', STRING, '', ''),
  flag('port', STRING, '', '', 'p'),
  flag('count', INT, 0, '', 'c'),
  flag('log_as_json', BOOL, false, ''),
  flag('dry-run', BOOL, false, '', 'n'),
  flag('short', BOOL, false, '', 's'),
];

function split(line: string, unknown: UnknownFlags = 'ignore') {
  const words = line.split(' ').map((word) => (word === "''" ? '' : word));
  const { flags, positionals, ignored } = splitGoWords(rows, words, unknown);
  return { flags: flags.map(({ row, text }) => `${row.name}=${text}`), positionals, ignored };
}

describe('splitGoWords', () => {
  it('takes a value from the same word or the next one', () => {
    assert.deepEqual(split('--domain=a=b --domain c -p1 -p=2 -p 3').flags, [
      'domain=a=b',
      'domain=c',
      'port=1',
      'port=2',
      'port=3',
    ]);
  });

  it('takes empty values, and values that begin with a dash', () => {
    assert.deepEqual(split("--domain= -p '' --count -1 --domain --x").flags, [
      'domain=',
      'port=',
      'count=-1',
      'domain=--x',
    ]);
  });

  it('never takes a word of its own for a bool flag', () => {
    assert.deepEqual(split('--log_as_json false'), {
      flags: ['log_as_json=true'],
      positionals: ['false'],
      ignored: [],
    });
    assert.deepEqual(split('--log_as_json=F').flags, ['log_as_json=F']);
  });

  it('reads clusters of shorthands, the last of which may take a value', () => {
    assert.deepEqual(split('-nsp15001').flags, ['dry-run=true', 'short=true', 'port=15001']);
    assert.deepEqual(split('-n=false -sp 1').flags, ['dry-run=false', 'short=true', 'port=1']);
  });

  it('lets positionals stand anywhere, a dash too, and ends flags at two dashes', () => {
    assert.deepEqual(split('a --domain d b - -- --domain -p'), {
      flags: ['domain=d'],
      positionals: ['a', 'b', '-', '--domain', '-p'],
      ignored: [],
    });
  });

  it('wants an argument where one is needed', () => {
    assert.throws(() => split('--domain'), { message: 'flag needs an argument: --domain' });
    assert.throws(() => split('-np'), { message: "flag needs an argument: 'p' in -np" });
    assert.throws(() => split('--=x'), { message: 'bad flag syntax: --=x' });
    assert.throws(() => split('---x'), { message: 'bad flag syntax: ---x' });
  });

  describe('with unknown flags ignored', () => {
    it('swallows the next word unless it begins with a dash', () => {
      assert.deepEqual(split('--ip 1.2.3.4 sidecar'), {
        flags: [],
        positionals: ['sidecar'],
        ignored: ['--ip'],
      });
      assert.deepEqual(split('--a -p 1 --b --domain x'), {
        flags: ['port=1', 'domain=x'],
        positionals: [],
        ignored: ['--a', '--b'],
      });
      assert.deepEqual(split('-Z v sidecar --last').positionals, ['sidecar']);
    });

    it('swallows nothing after an equals sign', () => {
      assert.deepEqual(split('--unk=v sidecar -Z=v x'), {
        flags: [],
        positionals: ['sidecar', 'x'],
        ignored: ['--unk', '-Z'],
      });
    });

    it('loses a positional that follows an unknown flag', () => {
      assert.deepEqual(split('--unknown router'), { flags: [], positionals: [], ignored: ['--unknown'] });
    });
  });

  it('refuses unknown flags where they are not ignored', () => {
    assert.throws(() => split('--foo=1', 'refuse'), { name: 'ConfigError', message: 'unknown flag: --foo' });
    assert.throws(() => split('-nf', 'refuse'), { message: "unknown shorthand flag: 'f' in -nf" });
  });

  it('leaves the words of another program alone', () => {
    const words = ['--count', '3', 'ls', '--port', '1', '--', '-n'];

    const { flags, positionals } = splitGoWords(rows, words, 'refuse', 'first');

    assert.deepEqual(
      flags.map(({ text }) => text),
      ['3'],
    );
    assert.deepEqual(positionals, ['ls', '--port', '1', '--', '-n']);
    assert.deepEqual(splitGoWords(rows, ['--', 'ls', '--'], 'refuse', 'first').positionals, ['ls', '--']);
  });
});
