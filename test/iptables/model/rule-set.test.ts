import assert from 'node:assert/strict';

import {
  listedNftables,
  plannedIptables,
  plannedNftables,
  type RuleSet,
  savedIptables,
} from '../../../iptables/model/rule-set.ts';
import { append, insert } from '../../../iptables/rules/rule.ts';

const textsOf = ({ tables }: RuleSet, table: string, chain: string): readonly string[] | undefined =>
  tables
    .get(table)
    ?.get(chain)
    ?.map(({ text }) => text);

describe('a set of planned rules', () => {
  it('has inserts at their places, and those beyond the end at the end', () => {
    const rules = plannedIptables([
      append('nat', 'OUTPUT', '-j A', ''),
      insert('nat', 'OUTPUT', 1, '-j B', ''),
      insert('nat', 'OUTPUT', 2, '-j C', ''),
    ]);

    assert.deepEqual(textsOf(rules, 'nat', 'OUTPUT'), [
      '-I OUTPUT 1 -j B',
      '-I OUTPUT 2 -j C',
      '-A OUTPUT -j A',
    ]);
  });

  it('has those of nftables too', () => {
    const row = { table: 'mangle', chain: 'istio-inbound', why: '' } as const;
    const rules = plannedNftables([
      { ...row, expression: 'counter return' },
      { ...row, expression: 'counter drop', index: 0 },
      { ...row, expression: 'counter accept', index: 9 },
    ]);

    assert.deepEqual(textsOf(rules, 'mangle', 'istio-inbound'), [
      'counter drop',
      'counter return',
      'counter accept',
    ]);
  });
});

describe('a set of rules of the kernel', () => {
  it('has what iptables has saved, own chains without rules too', () => {
    const rules = savedIptables(
      '*nat\n:OUTPUT ACCEPT [0:0]\n:ISTIO_X - [0:0]\n-A OUTPUT -o lo -j ISTIO_X\nCOMMIT\n',
    );

    assert.deepEqual(textsOf(rules, 'nat', 'OUTPUT'), ['-A OUTPUT -o lo -j ISTIO_X']);
    assert.deepEqual(textsOf(rules, 'nat', 'ISTIO_X'), []);
  });

  it('has what nft lists of own tables', () => {
    const rules = listedNftables(
      [
        'table inet istio-proxy-nat {',
        '\tchain output {',
        '\t\ttype nat hook output priority dstnat; policy accept;',
        '\t\tcounter jump istio-output',
        '\t}',
        '',
        '\tchain istio-output {',
        '\t}',
        '}',
        'table ip other {',
        '\tchain output {',
        '\t\tdrop',
        '\t}',
        '}',
      ].join('\n'),
    );

    assert.deepEqual([...rules.tables.keys()], ['nat']);
    assert.deepEqual(textsOf(rules, 'nat', 'output'), ['counter jump istio-output']);
    assert.deepEqual(textsOf(rules, 'nat', 'istio-output'), []);
  });
});
