import assert from 'node:assert/strict';

import { parseRuleset } from '../../../iptables/nft/ruleset.ts';

const OWN = `table inet istio-proxy-nat {
\tchain output {
\t\ttype nat hook output priority -100; policy accept;
\t\tcounter jump istio-output
\t}

\tchain istio-output {
\t\ttcp dport != { 53, 15008 } counter return
\t}
}
`;

const FOREIGN = `table inet firewall {
\tset ports {
\t\telements = { 1, 2 }
\t}

\tchain ISTIO {
\t}
}
`;

describe('parseRuleset', () => {
  it('finds own tables and their text, and nothing of other tables', () => {
    const ruleset = parseRuleset(`${FOREIGN}${OWN}`);

    assert.deepEqual([...ruleset.own], ['inet istio-proxy-nat']);
    assert.equal(ruleset.ownText, OWN);
    assert.equal(ruleset.iptablesChains, false);
  });

  it('sees chains of an earlier run in the tables of iptables-nft', () => {
    const { own, iptablesChains } = parseRuleset('table ip6 nat {\n\tchain ISTIO_OUTPUT {\n\t}\n}\n');

    assert.equal(iptablesChains, true);
    assert.equal(own.size, 0);
  });

  it('finds nothing in an empty kernel', () => {
    assert.deepEqual(parseRuleset(''), { own: new Set(), ownText: '', iptablesChains: false });
  });
});
