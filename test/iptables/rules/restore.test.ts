import assert from 'node:assert/strict';

import { restoreText } from '../../../iptables/rules/restore.ts';
import { append, insert } from '../../../iptables/rules/rule.ts';

describe('restoreText', () => {
  it('is empty without rules', () => {
    assert.equal(restoreText([]), '');
  });

  it('orders tables by name and keeps the order of rules within one, inserts in place', () => {
    const text = restoreText([
      append('raw', 'OUTPUT', '-j ACCEPT', 'first'),
      append('nat', 'OUTPUT', '-p tcp -j RETURN', 'second'),
      insert('nat', 'OUTPUT', 1, '-p udp -j RETURN', 'third'),
    ]);

    assert.equal(
      text,
      '* nat\n-A OUTPUT -p tcp -j RETURN\n-I OUTPUT 1 -p udp -j RETURN\nCOMMIT\n* raw\n-A OUTPUT -j ACCEPT\nCOMMIT\n',
    );
  });

  it('declares chains that own rules first, then jump targets without rules in that table, each once', () => {
    const text = restoreText([
      append('nat', 'OUTPUT', '-j ISTIO_LATER', 'a target without rules here'),
      append('nat', 'ISTIO_OWN', '-j MARK --set-mark 1', 'not a jump to a chain'),
      append('nat', 'ISTIO_OWN', '-j ISTIO_LATER', 'the same target again'),
    ]);

    assert.deepEqual(text.split('\n').slice(0, 4), [
      '* nat',
      '-N ISTIO_OWN',
      '-N ISTIO_LATER',
      '-A OUTPUT -j ISTIO_LATER',
    ]);
  });
});
