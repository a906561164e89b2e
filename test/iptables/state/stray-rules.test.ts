import assert from 'node:assert/strict';

import { parseState } from '../../../iptables/state/state.ts';
import { strayRules, tproxyMarks } from '../../../iptables/state/stray-rules.ts';

function saved(tables: Readonly<Record<string, readonly string[]>>): string {
  return Object.entries(tables)
    .map(([table, lines]) => [`*${table}`, ...lines, 'COMMIT', ''].join('\n'))
    .join('');
}

function strays(tables: Readonly<Record<string, readonly string[]>>): readonly string[] {
  return strayRules(parseState(saved(tables))).map(({ table, line }) => `${table} ${line}`);
}

const TPROXY = ['-A ISTIO_INBOUND -p tcp -m mark --mark 0x539 -j RETURN'];
const OWN_MARKS = [
  '-A PREROUTING -p tcp -m mark --mark 0x539 -j CONNMARK --save-mark --nfmask 0xffffffff --ctmask 0xffffffff',
  '-A OUTPUT -o lo -p tcp -m mark --mark 0x539 -j RETURN',
  '-A OUTPUT ! -d 127.0.0.1/32 -o lo -p tcp -m owner --uid-owner 7 -j MARK --set-xmark 0x53a/0xffffffff',
  '-A OUTPUT -p tcp -m connmark --mark 0x539 -j CONNMARK --restore-mark --nfmask 0xffffffff --ctmask 0xffffffff',
];

describe('strayRules', () => {
  it('knows rules of TPROXY by the mark that the own chain tests', () => {
    const others = [
      '-A OUTPUT -m mark --mark 0x17 -j RETURN',
      '-A PREROUTING -p icmp -j MARK --set-xmark 0x17/0xff',
    ];

    const found = strays({ mangle: [...TPROXY, ...OWN_MARKS, ...others] });

    assert.deepEqual(
      found,
      OWN_MARKS.map((line) => `mangle ${line}`),
    );
  });

  it('takes no mark for ours without the own chain', () => {
    assert.deepEqual(strays({ mangle: OWN_MARKS }), []);
  });

  it('knows an excluded interface by its place before the jump, and by its counterpart', () => {
    const found = strays({
      nat: [
        ':ISTIO_OUTPUT - [0:0]',
        '-A PREROUTING -i net1 -j RETURN',
        '-A PREROUTING -i net3 -j RETURN',
        '-A OUTPUT -o net3 -j RETURN', // not next to the jump
        '-A OUTPUT -p udp -j ACCEPT',
        '-A OUTPUT -o net2 -j RETURN', // without counterpart
        '-A OUTPUT -o net1 -j RETURN',
        '-A OUTPUT -j ISTIO_OUTPUT',
        '-A OUTPUT -o net3 -j RETURN',
      ],
    });

    assert.deepEqual(found, ['nat -A PREROUTING -i net1 -j RETURN', 'nat -A OUTPUT -o net1 -j RETURN']);
  });

  it('knows a virtual interface by the redirect it follows', () => {
    const found = strays({
      nat: [
        ':ISTIO_REDIRECT - [0:0]',
        '-A PREROUTING -d 10.0.0.0/8 -i net2 -j ISTIO_REDIRECT',
        '-A PREROUTING -i net1 -j ISTIO_REDIRECT',
        '-A PREROUTING -i net2 -j RETURN',
        '-A PREROUTING -i net1 -j RETURN',
        '-A PREROUTING -i net9 -j RETURN',
        '-A PREROUTING -i net1 -j RETURN',
      ],
    });

    assert.deepEqual(found, ['nat -A PREROUTING -i net2 -j RETURN', 'nat -A PREROUTING -i net1 -j RETURN']);
  });

  it('finds nothing where nothing of ours is', () => {
    assert.deepEqual(strays({ nat: ['-A PREROUTING -i a -j RETURN', '-A OUTPUT -o a -j RETURN'] }), []);
  });
});

describe('tproxyMarks', () => {
  it('reads the mark that is let pass, not the one that is refused', () => {
    const guard = '-A ISTIO_INBOUND -i lo -p tcp -m mark ! --mark 0x53a -j RETURN';

    assert.deepEqual(tproxyMarks(parseState(saved({ mangle: [...TPROXY, guard] }))), [1337]);
  });
});
