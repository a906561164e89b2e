import { deepEqual, equal } from 'node:assert/strict';

import { debugTable } from '../../../src/dns/names/debug-table.ts';
import { LookupTable } from '../../../src/dns/names/lookup-table.ts';
import { packed, readJson, readText, type NameTable } from '../support/packed.ts';

const CONTEXT = { namespace: 'shop', domain: 'shop.svc.cluster.local', search: [] };

async function pieces(sent: NameTable): Promise<AsyncIterable<string>> {
  return debugTable(await LookupTable.build(packed(sent), CONTEXT));
}

async function shown(sent: NameTable): Promise<unknown> {
  return readJson(await pieces(sent));
}

function hosts(count: number): NameTable {
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`h${index}`, { ips: ['1.1.1.1'] }]));
}

describe('debugTable', () => {
  it('shows what was sent as it was, and every made name as one of Kubernetes', async () => {
    const sent = { 'a.example': { ips: ['2001:DB8:0::1', '1.1.1.1'], registry: 'External' } };

    deepEqual(await shown(sent), {
      table: { ...sent, 'a.example.': { ips: ['1.1.1.1', '2001:db8::1'], registry: 'Kubernetes' } },
    });
  });

  it('shows a name that two hosts make with the addresses it stands for, once', async () => {
    const [a, b] = ['a', 'b'].map((host) => `${host}.shop.svc.cluster.local`) as [string, string];
    const web = { registry: 'Kubernetes', shortname: 'web', namespace: 'shop' };

    const text = await readText(
      await pieces({ [b]: { ...web, ips: ['2.2.2.2'] }, [a]: { ...web, ips: ['1.1.1.1'] } }),
    );

    equal(text.split('"web.shop."').length, 2);
    deepEqual(JSON.parse(text).table['web.shop.'], { ips: ['1.1.1.1'], registry: 'Kubernetes' });
  });

  it('leaves a name that was sent as it was, though it is also a made one', async () => {
    const sent = {
      'web.example.': { ips: ['1.1.1.1'], registry: 'External' },
      'web.example': { ips: ['::1'] },
    };

    deepEqual(await shown(sent), { table: sent });
  });

  it('makes no names of a host without addresses', async () => {
    deepEqual(await shown({ 'a.example': { registry: 'External' } }), {
      table: { 'a.example': { registry: 'External' } },
    });
  });

  it('leaves out an empty table, as protobuf does', async () => {
    deepEqual(await shown({}), {});
  });

  it('shows a host with an odd name like every other', async () => {
    const sent = JSON.parse('{"__proto__": {"ips": ["1.1.1.1"]}, "\\"quoted\\"": {}}') as NameTable;

    const { table } = (await shown(sent)) as { table: object };

    deepEqual(Object.keys(table).toSorted(), ['"quoted"', '__proto__', '__proto__.']);
  });

  it('shows every host of a huge table, and lets other work run in between', async () => {
    let turns = 0;
    let isOver = false;
    const turn = (): void => {
      turns += 1;
      if (!isOver) setImmediate(turn);
    };
    const text = await pieces(hosts(1001));
    setImmediate(turn);

    const { table } = (await readJson(text)) as { table: object };
    isOver = true;

    equal(Object.keys(table).length, 2002);
    equal(turns >= 9, true, `${turns} turns`);
  });
});
