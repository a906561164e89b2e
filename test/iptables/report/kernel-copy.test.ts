import assert from 'node:assert/strict';

import { KernelCopy } from '../../../iptables/report/kernel-copy.ts';
import type { ToolResult } from '../../../iptables/tools/run-tool.ts';

const DUMP = `*nat
:OUTPUT ACCEPT [7:420]
:ISTIO_OUTPUT - [0:0]
-A OUTPUT -m comment --comment "sidecar-agent/everything that leaves" -j ISTIO_OUTPUT
-A ISTIO_OUTPUT -p tcp -m tcp --dport 25 -j RETURN
COMMIT
`;

function copyOf(dump = DUMP) {
  const copy = new KernelCopy(new Map([['iptables-nft', dump]]));
  const call = (words: string): Promise<ToolResult> =>
    copy.run({ file: 'iptables-nft', args: words.split(' ') });
  const restore = (input: string, ...args: readonly string[]): Promise<ToolResult> =>
    copy.run({ file: 'iptables-nft-restore', args: ['--noflush', ...args], input });
  const rules = (): readonly string[] =>
    copy
      .saved('iptables-nft')
      .split('\n')
      .filter((line) => line.startsWith('-A'));
  return { copy, call, restore, rules };
}

describe('KernelCopy', () => {
  it('saves what it was made of', async () => {
    const { copy, rules } = copyOf();

    assert.deepEqual(
      rules(),
      DUMP.split('\n').filter((line) => line.startsWith('-A')),
    );
    assert.match((await copy.run({ file: 'iptables-nft-save', args: [] })).stdout, /^:ISTIO_OUTPUT - /m);
  });

  it('finds a rule in other words, but not without its comment, as the tools do', async () => {
    const { call } = copyOf();

    assert.equal((await call('-t nat -C ISTIO_OUTPUT -p tcp --dport 25 -j RETURN')).code, 0);
    assert.equal((await call('-t nat -C OUTPUT -j ISTIO_OUTPUT')).code, 1);
    assert.equal((await call('-t nat -C NOWHERE -j RETURN')).code, 1);
  });

  it('deletes no chain that holds rules or is in use', async () => {
    const { call, rules } = copyOf();

    const full = await call('-t nat -X ISTIO_OUTPUT');
    await call('-t nat -F ISTIO_OUTPUT');
    const used = await call('-t nat -X ISTIO_OUTPUT');
    await call('-t nat -F OUTPUT --wait=30');
    const free = await call('-t nat -X ISTIO_OUTPUT');

    assert.deepEqual([full.code, used.code, free.code], [1, 1, 0]);
    assert.deepEqual(rules(), []);
  });

  it('takes a table of a restore as a whole or not at all, and none for a test', async () => {
    const { copy, restore, rules } = copyOf();
    const text = '* nat\n-N ISTIO_X\n-A ISTIO_X -j RETURN\nCOMMIT\n';
    const before = rules().length;

    await restore(text, '--test');
    const refused = await restore(`${text.replace('COMMIT\n', '')}-N ISTIO_OUTPUT\nCOMMIT\n`);
    const unchanged = rules().length;
    const taken = await restore(text);

    assert.deepEqual([refused.code, unchanged, taken.code, rules().length], [1, before, 0, before + 1]);
    assert.equal(copy.changes.length, 1);
  });

  it('keeps the calls that change something', async () => {
    const { copy, call } = copyOf();

    await call('-t nat -C ISTIO_OUTPUT -p tcp --dport 25 -j RETURN');
    await call('-t nat -D ISTIO_OUTPUT -p tcp --dport 25 -j RETURN');
    await call('-t nat -I ISTIO_OUTPUT 1 -j RETURN');

    assert.deepEqual(
      copy.changes.map(({ file, args }) => `${file} ${args.slice(0, 3).join(' ')}`),
      ['iptables-nft -t nat -D', 'iptables-nft -t nat -I'],
    );
  });
});
