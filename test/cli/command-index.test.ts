import assert from 'node:assert/strict';

import { commandIndex } from '../../src/cli/command-index.ts';

describe('commandIndex', () => {
  function found(line: string): string | undefined {
    const words = line.split(' ');
    return words[commandIndex(words)];
  }

  it('finds the first positional', () => {
    assert.equal(found('proxy sidecar'), 'proxy');
    assert.equal(found('--log_as_json proxy'), 'proxy');
    assert.equal(found('--log_target=stderr proxy'), 'proxy');
  });

  it('skips the word after a flag, known or not', () => {
    assert.equal(found('--log_target stderr proxy'), 'proxy');
    assert.equal(found('-c x proxy'), 'proxy');
    assert.equal(found('-c my-config.yaml'), undefined);
    assert.equal(found('--foo proxy'), undefined);
  });

  it('finds nothing after two dashes', () => {
    assert.equal(found('-- proxy'), undefined);
    assert.equal(commandIndex([]), -1);
  });
});
