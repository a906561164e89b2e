import assert from 'node:assert/strict';

import {
  buildCommands,
  checkCommands,
  cleanupCommands,
  guardrailCommands,
  guardrailRemovalCommands,
} from '../../../iptables/rules/commands.ts';
import { append, insert } from '../../../iptables/rules/rule.ts';

const RULES = [
  append('nat', 'ISTIO_INBOUND', '-p tcp -j RETURN', 'inside an own chain'),
  append('nat', 'ISTIO_INBOUND', '-j ISTIO_OTHER', 'a jump inside an own chain'),
  insert('nat', 'PREROUTING', 2, '-j ISTIO_INBOUND', 'from a built-in chain'),
];

const joined = (commands: readonly (readonly string[])[]): readonly string[] =>
  commands.map((args) => args.join(' '));

describe('rules as commands', () => {
  it('create own chains before any rule', () => {
    assert.deepEqual(joined(buildCommands(RULES)), [
      '-t nat -N ISTIO_INBOUND',
      '-t nat -A ISTIO_INBOUND -p tcp -j RETURN',
      '-t nat -A ISTIO_INBOUND -j ISTIO_OTHER',
      '-t nat -I PREROUTING 2 -j ISTIO_INBOUND',
    ]);
  });

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

describe('guardrails', () => {
  it('stand first in every filter chain and are removed by what they match', () => {
    assert.equal(guardrailCommands().length, 6);
    assert.equal(joined(guardrailCommands())[0], '-t filter -I INPUT 1 -p tcp -j DROP');
    assert.equal(joined(guardrailRemovalCommands())[5], '-t filter -D OUTPUT -p udp -j DROP');
  });
});
