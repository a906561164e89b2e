import { deepEqual, ok } from 'node:assert/strict';

import { debugTable } from '../../src/dns/debug-table.ts';
import { LookupTable } from '../../src/dns/lookup-table.ts';
import type { NameTable } from '../../src/dns/name-table.ts';

const CONTEXT = { namespace: 'shop', domain: 'shop.svc.cluster.local', search: [] };

async function shown(sent: NameTable): Promise<NameTable> {
  return (await debugTable(sent, await LookupTable.build(sent, CONTEXT))).table;
}

describe('debugTable', () => {
  it('shows what was sent as it was, and every made name as one of Kubernetes', async () => {
    const sent = { 'a.example': { ips: ['2001:DB8:0::1', '1.1.1.1'], registry: 'External' } };

    const table = await shown(sent);

    deepEqual(table, {
      ...sent,
      'a.example.': { ips: ['1.1.1.1', '2001:db8::1'], registry: 'Kubernetes' },
    });
  });

  it('leaves a name that was sent as it was, though it is also a made one', async () => {
    const table = await shown({ 'web.example.': { ips: ['1.1.1.1'], registry: 'External' } });

    deepEqual(table, { 'web.example.': { ips: ['1.1.1.1'], registry: 'External' } });
  });

  it('shows a host with an odd name like every other', async () => {
    const sent = JSON.parse('{"__proto__": {"ips": ["1.1.1.1"]}}') as NameTable;

    const table = await shown(sent);

    deepEqual(Object.keys(table), ['__proto__', '__proto__.']);
    ok(Object.hasOwn(table, '__proto__'));
  });

  it('lets other work run while it shows a huge table', async () => {
    const sent = Object.fromEntries(
      Array.from({ length: 1000 }, (_, index) => [`h${index}`, { ips: ['1.1.1.1'] }]),
    );
    const lookup = await LookupTable.build(sent, CONTEXT);
    let turns = 0;
    let isOver = false;
    const turn = (): void => {
      turns += 1;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);

    await debugTable(sent, lookup);
    isOver = true;

    ok(turns >= 9, `${turns} turns`);
  });
});
