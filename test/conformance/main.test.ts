import assert from 'node:assert/strict';
import { spawnSync, type SpawnSyncReturns } from 'node:child_process';
import { join } from 'node:path';

const MAIN = join(import.meta.dirname, 'main.ts');
const FIXTURES = join(import.meta.dirname, 'fixtures');

function conformance(...args: readonly string[]): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: 'utf8' });
}

describe('the conformance command', () => {
  it('shows each failure as a diff, the counts last, and fails', () => {
    const { status, stdout } = conformance('bootstrap', join(FIXTURES, 'bootstrap'));

    assert.equal(status, 1);
    assert.match(stdout, /^FAILED wrong admin port\n/m);
    assert.match(stdout, /^ {4}--- expected\n {4}\+\+\+ actual\n/m);
    assert.match(stdout, /^ {4}-.*"port_value": 15001/m);
    assert.match(stdout, /^ {4}\+.*"port_value": 15000/m);
    assert.match(stdout, /\n1 passed, 1 failed\n$/);
  });

  it('says in one line what is wrong with its arguments', () => {
    const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
      [[], /^usage: conformance <bootstrap\|.*> <directory>\n$/],
      [['bootstrap'], /^usage: /],
      [['unknown', FIXTURES], /^unknown area "unknown"; known are bootstrap, /],
      [['bootstrap', '/no/such/directory'], /^no directory "\/no\/such\/directory"\n$/],
    ];

    for (const [args, message] of mistakes) {
      const { status, stdout, stderr } = conformance(...args);

      assert.equal(status, 1);
      assert.equal(stdout, '');
      assert.match(stderr, message);
      assert.equal(stderr.split('\n').length, 2);
    }
  });
});
