import assert from 'node:assert/strict';

import { checkCommands, cleanupCommands } from '../../../iptables/rules/commands.ts';
import { append, insert } from '../../../iptables/rules/rule.ts';

const RULES = [
  append('nat', 'ISTIO_INBOUND', '-p tcp -j RETURN', 'inside an own chain'),
  append('nat', 'ISTIO_INBOUND', '-j ISTIO_OTHER', 'a jump inside an own chain'),
  insert('nat', 'PREROUTING', 2, '-j ISTIO_INBOUND', 'from a built-in chain'),
];

const joined = (commands: readonly (readonly string[])[]): readonly string[] =>
  commands.map((args) => args.join(' '));

describe('rules as commands', () => {
  it('are checked without a position', () => {
    assert.equal(joined(checkCommands(RULES))[2], '-t nat -C PREROUTING -j ISTIO_INBOUND');
  });

  it('are cleaned up in reverse, own chains by emptying them, jumps to own chains one by one', () => {
    assert.deepEqual(joined(cleanupCommands(RULES)), [
      '-t nat -D PREROUTING -j ISTIO_INBOUND',
      '-t nat -D ISTIO_INBOUND -j ISTIO_OTHER',
      '-t nat -F ISTIO_INBOUND',
      '-t nat -X ISTIO_INBOUND',
    ]);
  });
});
