import assert from 'node:assert/strict';

import { plannedIptables, type RuleSet } from '../../../iptables/model/rule-set.ts';
import { type ComparedChain, compareRules } from '../../../iptables/report/compare.ts';
import { append } from '../../../iptables/rules/rule.ts';

/** @param rules as `chain words`, in nat */
function rulesOf(...rules: readonly string[]): RuleSet {
  return plannedIptables(
    rules.map((text) => {
      const [chain = '', ...words] = text.split(' ');
      return append('nat', chain, words.join(' '), '');
    }),
  );
}

const shown = (chains: readonly ComparedChain[]): readonly string[] =>
  chains.flatMap(({ rules }) =>
    rules.map(({ state, moved, rule }) => `${state}${moved ? ', moved' : ''} ${rule}`),
  );

describe('compareRules', () => {
  it('finds the same what means the same', () => {
    const chains = compareRules(
      rulesOf('ISTIO_X -o lo -p tcp --dport 1 -j RETURN'),
      rulesOf('ISTIO_X -p tcp -m tcp --dport 1 -o lo -j RETURN'),
    );

    assert.ok(chains.every(({ differs }) => !differs));
  });

  it('shows what is missing and what is not wanted at its place', () => {
    const chains = compareRules(
      rulesOf('ISTIO_X -i a -j RETURN', 'ISTIO_X -i b -j RETURN', 'ISTIO_X -i c -j RETURN'),
      rulesOf('ISTIO_X -i a -j RETURN', 'ISTIO_X -i x -j RETURN', 'ISTIO_X -i c -j RETURN'),
    );

    assert.deepEqual(shown(chains), [
      'same -A ISTIO_X -i a -j RETURN',
      'unwanted -A ISTIO_X -i x -j RETURN',
      'missing -A ISTIO_X -i b -j RETURN',
      'same -A ISTIO_X -i c -j RETURN',
    ]);
  });

  it('tells a rule at another place from one that is missing', () => {
    const chains = compareRules(
      rulesOf('ISTIO_X -i a -j RETURN', 'ISTIO_X -i b -j RETURN', 'ISTIO_X -i c -j RETURN'),
      rulesOf('ISTIO_X -i b -j RETURN', 'ISTIO_X -i c -j RETURN', 'ISTIO_X -i a -j RETURN'),
    );

    assert.deepEqual(shown(chains), [
      'missing, moved -A ISTIO_X -i a -j RETURN',
      'same -A ISTIO_X -i b -j RETURN',
      'same -A ISTIO_X -i c -j RETURN',
      'unwanted, moved -A ISTIO_X -i a -j RETURN',
    ]);
  });

  it('lets rules of others be, but not a jump into an own chain, nor a stray rule', () => {
    const live = rulesOf('OUTPUT -o lo -j RETURN', 'OUTPUT -j ISTIO_OLD', 'OUTPUT -o net1 -j RETURN');

    const chains = compareRules(rulesOf(), live, ({ text }) => text.includes('net1'));

    assert.deepEqual(shown(chains), [
      'foreign -A OUTPUT -o lo -j RETURN',
      'unwanted -A OUTPUT -j ISTIO_OLD',
      'unwanted -A OUTPUT -o net1 -j RETURN',
    ]);
  });

  it('counts a rule that is there twice', () => {
    const chains = compareRules(
      rulesOf('OUTPUT -j ISTIO_X'),
      rulesOf('OUTPUT -j ISTIO_X', 'OUTPUT -j ISTIO_X'),
    );

    assert.equal(chains[0]?.differs, true);
  });

  it('finds an own chain that is not wanted, although it is empty', () => {
    const live: RuleSet = {
      kind: 'iptables',
      tables: new Map([
        [
          'nat',
          new Map([
            ['ISTIO_OLD', []],
            ['DOCKER', []],
          ]),
        ],
      ]),
    };

    const differing = compareRules(rulesOf(), live).filter(({ differs }) => differs);

    assert.deepEqual(
      differing.map(({ chain }) => chain),
      ['ISTIO_OLD'],
    );
  });
});
