import assert from 'node:assert/strict';

import { appendTo, insertInto } from '../../../iptables/nft/row.ts';
import { applyText, cleanupText, restoreText } from '../../../iptables/nft/transaction.ts';

const row = appendTo('nat', 'output')('counter return', '');

describe('applyText', () => {
  it('declares used chains before the first rule, base chains with their hook', () => {
    const target = appendTo('nat', 'istio-output')('counter accept', '');

    const text = applyText([row, target], new Set());

    assert.deepEqual(text.split('\n'), [
      'add table inet istio-proxy-nat',
      'flush table inet istio-proxy-nat',
      'add chain inet istio-proxy-nat output { type nat hook output priority -100 ; }',
      'add chain inet istio-proxy-nat istio-output',
      'add rule inet istio-proxy-nat output counter return',
      'add rule inet istio-proxy-nat istio-output counter accept',
      '',
    ]);
  });

  it('is empty for no rules where nothing is', () => {
    assert.equal(applyText([], new Set()), '');
  });

  it('deletes own tables that no rule needs any more', () => {
    const text = applyText([row], new Set(['inet istio-proxy-raw']));

    assert.match(text, /^delete table inet istio-proxy-raw$/m);
    assert.doesNotMatch(text, /mangle/);
  });

  it('makes a table that is there anew, so that nothing of its earlier chains and rules counts', () => {
    const name = 'inet istio-proxy-nat';

    const commands = applyText([row], new Set([name]))
      .split('\n')
      .slice(0, 4);

    assert.deepEqual(commands, [
      `add table ${name}`,
      `delete table ${name}`,
      `add table ${name}`,
      `add chain ${name} output { type nat hook output priority -100 ; }`,
    ]);
  });

  it('inserts before the rule at the index, and appends where there is none', () => {
    const chain = 'istio-inbound';
    const rows = [
      insertInto('mangle', chain, 0)('first', ''),
      insertInto('mangle', chain, 0)('second', ''),
      insertInto('mangle', chain, 1)('third', ''),
      insertInto('mangle', chain, 3)('fourth', ''),
    ];

    const commands = applyText(rows, new Set()).split('\n').slice(3, -1);

    const target = 'inet istio-proxy-mangle istio-inbound';
    assert.deepEqual(commands, [
      `add rule ${target} first`,
      `insert rule ${target} index 0 second`,
      `insert rule ${target} index 1 third`,
      `add rule ${target} fourth`,
    ]);
  });
});

describe('cleanupText', () => {
  it('deletes each own table whether it exists or not', () => {
    const lines = cleanupText().trimEnd().split('\n');

    assert.deepEqual(
      lines,
      ['nat', 'mangle', 'raw'].flatMap((table) => [
        `add table inet istio-proxy-${table}`,
        `delete table inet istio-proxy-${table}`,
      ]),
    );
  });
});

describe('restoreText', () => {
  it('makes the listed tables again after all are deleted', () => {
    assert.equal(
      restoreText('table inet istio-proxy-nat {\n}\n'),
      `${cleanupText()}table inet istio-proxy-nat {\n}\n`,
    );
  });
});
