import assert from 'node:assert/strict';

import { append } from '../../../iptables/rules/rule.ts';
import { Presence } from '../../../iptables/state/presence.ts';
import { parseState } from '../../../iptables/state/state.ts';

const SAVED = parseState(`*nat
-A ISTIO_OUTPUT ! -d 127.0.0.1/32 -o lo -p tcp -m tcp ! --dport 15008 -m owner --uid-owner 1337 -j ISTIO_IN_REDIRECT
-A ISTIO_OUTPUT -p udp -m comment --comment "why not" -j RETURN
COMMIT
`);

const rule = (spec: string) => append('nat', 'ISTIO_OUTPUT', spec, '');

describe('Presence', () => {
  it('finds a rule in the words of the tools, and with a comment, without asking', async () => {
    const presence = new Presence(SAVED, () => assert.fail('asked'));

    assert.ok(
      await presence.has(
        rule('-o lo ! -d 127.0.0.1/32 -p tcp ! --dport 15008 -m owner --uid-owner 1337 -j ISTIO_IN_REDIRECT'),
      ),
    );
    assert.ok(await presence.has(rule('-p udp -j RETURN')));
  });

  it('asks the tool about every other rule', async () => {
    const asked: string[] = [];
    const presence = new Presence(SAVED, async (args) => {
      asked.push(args.join(' '));
      return args.includes('tcp');
    });

    assert.equal(await presence.has(rule('-p tcp -j RETURN')), true);
    assert.equal(await presence.has(rule('-p udp -j DROP')), false);
    assert.deepEqual(asked, [
      '-t nat -C ISTIO_OUTPUT -p tcp -j RETURN',
      '-t nat -C ISTIO_OUTPUT -p udp -j DROP',
    ]);
  });
});
