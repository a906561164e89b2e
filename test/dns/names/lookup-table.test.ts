import { deepEqual, equal, ok } from 'node:assert/strict';

import { LookupTable, type LookupContext } from '../../../src/dns/names/lookup-table.ts';
import type { NameInfo } from '../../../src/dns/names/name-table.ts';
import { packed, type NameTable } from '../support/packed.ts';

const CONTEXT: LookupContext = {
  namespace: 'shop',
  domain: 'shop.svc.cluster.local',
  search: ['shop.svc.cluster.local', 'svc.cluster.local'],
};

function external(...ips: readonly string[]): NameInfo {
  return { ips, registry: 'External' };
}

function service(namespace: string, shortname: string, ...ips: readonly string[]): NameInfo {
  return { ips, registry: 'Kubernetes', namespace, shortname };
}

function build(table: NameTable, context = CONTEXT): Promise<LookupTable> {
  return LookupTable.build(packed(table), context);
}

describe('LookupTable', () => {
  it('gives the addresses of a name by family', async () => {
    const table = await build({ 'a.example': external('1.1.1.1', '2001:db8::1', '1.1.1.2') });

    deepEqual(table.find('a.example.'), {
      v4: ['1.1.1.1', '1.1.1.2'],
      v6: ['2001:db8::1'],
      owner: 'a.example.',
    });
    equal(table.find('b.example.'), undefined);
  });

  it('knows names in whatever case they were sent', async () => {
    const table = await build({ 'A.Example': external('1.1.1.1') });

    ok(table.find('a.example.'));
  });

  it('tells names apart that have the same hash', async () => {
    const both = await build({ h7434: external('1.1.1.1'), h92213: external('1.1.1.2') });
    const one = await build({ h7434: external('1.1.1.1') });

    deepEqual([both.find('h7434.')?.v4, both.find('h92213.')?.v4], [['1.1.1.1'], ['1.1.1.2']]);
    equal(one.find('h92213.'), undefined);
  });

  it('drops texts that are no address, and entries that are left with none', async () => {
    const table = await build({
      some: external('01.1.1.1', '10.0.0.0/8', 'fe80::1%eth0', '::ffff:1.2.3.4'),
      none: external('x'),
      nothing: {},
    });

    deepEqual(table.find('some.'), { v4: [], v6: ['fe80::1', '::ffff:1.2.3.4'], owner: 'some.' });
    equal(table.find('none.'), undefined);
    equal(table.find('nothing.'), undefined);
  });

  it('finds the alias that an application makes with its first search domain', async () => {
    const table = await build({ 'a.example': external('1.1.1.1') });

    deepEqual(table.find('a.example.shop.svc.cluster.local.'), {
      v4: ['1.1.1.1'],
      v6: [],
      owner: 'a.example.',
      alias: 'a.example.',
    });
    equal(table.find('a.example.svc.cluster.local.'), undefined);
  });

  it('takes another search domain off when it is told to', async () => {
    const table = await build({ 'a.example': external('1.1.1.1'), '*.w.example': external('1.1.1.2') });

    const other = table.withSearch(['corp.example']);

    equal(other.find('a.example.corp.example.')?.alias, 'a.example.');
    ok(other.find('b.w.example.'));
    equal(other.find('a.example.shop.svc.cluster.local.'), undefined);
    ok(table.find('a.example.shop.svc.cluster.local.'));
  });

  it('knows its hosts with a final dot under another search list too', async () => {
    const table = (await build({ 'a.example.': external('1.1.1.1') })).withSearch([]);

    deepEqual([table.hasDottedHost('a.example.'), table.hasDottedHost('b.example.')], [true, false]);
  });

  it('takes a search domain in any case, with a final dot or without', async () => {
    const context = { ...CONTEXT, search: ['Shop.svc.cluster.local.'] };
    const table = await build({ 'a.example': external('1.1.1.1') }, context);

    ok(table.find('a.example.shop.svc.cluster.local.'));
  });

  it('finds no alias of a name that is in the search domain already', async () => {
    const table = await build({ 'web.shop.svc.cluster.local': service('shop', 'web', '10.0.0.1') });

    equal(table.find('web.shop.svc.cluster.local.shop.svc.cluster.local.'), undefined);
    equal(table.find('web.shop.shop.svc.cluster.local.')?.alias, 'web.shop.');
    equal(table.find('web.shop.svc.cluster.local.')?.alias, undefined);
  });

  it('takes the closest wildcard, under the asked name, but never for the bare parent', async () => {
    const table = await build({ '*.b.example': external('1.1.1.1'), '*.example': external('2.2.2.2') });

    deepEqual(table.find('x.y.b.example.'), { v4: ['1.1.1.1'], v6: [], owner: 'x.y.b.example.' });
    deepEqual(table.find('b.example.')?.v4, ['2.2.2.2']);
    equal(table.find('example.'), undefined);
  });

  it('keeps the wildcard as owner behind an alias', async () => {
    const table = await build({ '*.example': external('2.2.2.2') });

    const { owner, alias } = table.find('a.example.shop.svc.cluster.local.') ?? {};

    deepEqual([owner, alias], ['*.example.', '*.example.']);
  });

  it('has the asked name as owner of what a wildcard has behind an alias, when that is to be flat', async () => {
    const table = await build(
      { '*.wild.example': external('1.1.1.1'), 'a.example': external('1.1.1.2') },
      { ...CONTEXT, flattenWildcards: true },
    );

    for (const label of ['x', '*']) {
      const name = `${label}.wild.example.shop.svc.cluster.local.`;
      deepEqual(table.find(name), { v4: ['1.1.1.1'], v6: [], owner: name });
    }
    equal(table.find('a.example.shop.svc.cluster.local.')?.alias, 'a.example.');
    equal(table.find('x.wild.example.')?.owner, 'x.wild.example.');
    equal(table.withSearch(['b']).find('x.wild.example.b.')?.owner, 'x.wild.example.b.');
  });

  it('prefers an exact name, though it lacks a family', async () => {
    const table = await build({ 'a.example': external('1.1.1.1'), '*.example': external('::1') });

    deepEqual(table.find('a.example.')?.v6, []);
  });

  describe('when two entries make the same name', () => {
    it('prefers the host that is called so', async () => {
      const web = service('shop', 'web', '10.0.0.1');

      const table = await build({ 'web.shop.svc.cluster.local': web, 'web.shop': external('1.1.1.1') });
      const reverse = await build({ 'web.shop': external('1.1.1.1'), 'web.shop.svc.cluster.local': web });

      deepEqual(table.find('web.shop.')?.v4, ['1.1.1.1']);
      deepEqual(reverse.find('web.shop.')?.v4, ['1.1.1.1']);
    });

    it('prefers it to a smaller host that has the name besides', async () => {
      const alias = { ...service('shop', 'api', '10.0.0.1'), altHosts: ['web'] };

      const table = await build({ 'api.shop.svc.cluster.local': alias, web: external('1.1.1.1') });

      deepEqual(table.find('web.')?.v4, ['1.1.1.1']);
    });

    it('prefers the smaller host among made names, whatever the order of the table', async () => {
      const [a, b] = [service('shop', 'web', '10.0.0.1'), service('shop', 'web', '10.0.0.2')];
      const [hostA, hostB] = ['a.shop.svc.cluster.local', 'b.shop.svc.cluster.local'];

      const table = await build({ [hostA]: a, [hostB]: b });
      const reverse = await build({ [hostB]: b, [hostA]: a });

      deepEqual(table.find('web.')?.v4, ['10.0.0.1']);
      deepEqual(reverse.find('web.')?.v4, ['10.0.0.1']);
    });

    it('lists all that have it, the one that answers first, each once', async () => {
      const [a, b] = [service('shop', 'web', '10.0.0.1'), service('shop', 'web', '10.0.0.2')];
      const twice = { ...a, altHosts: ['web', 'web'] };

      const table = await build({
        b: external('::1'),
        'b.shop.svc.cluster.local': b,
        'a.shop.svc.cluster.local': twice,
        web: external('::2'),
      });

      deepEqual(
        table.hostsNamed('web.').map(({ name }) => name),
        ['web', 'a.shop.svc.cluster.local', 'b.shop.svc.cluster.local'],
      );
      deepEqual(table.hostsNamed('none.'), []);
    });

    it('prefers a service to the alias of an external host', async () => {
      const table = await build({
        web: external('1.1.1.1'),
        'web.shop.svc.cluster.local': service('shop', 'web', '10.0.0.1'),
      });

      deepEqual(table.find('web.shop.svc.cluster.local.')?.v4, ['10.0.0.1']);
    });
  });

  it('lets other work run while a huge table is built', async () => {
    const hosts = Array.from({ length: 10_000 }, (_, index) => [
      `s${index}.shop.svc.cluster.local`,
      service('shop', `s${index}`, '10.0.0.1'),
    ]);
    let turns = 0;
    let isOver = false;
    const turn = (): void => {
      turns += 1;
      if (!isOver) setImmediate(turn);
    };
    setImmediate(turn);

    const table = await build(Object.fromEntries(hosts));
    isOver = true;

    equal(table.hosts.count, 10_000);
    ok(turns >= 99, `${turns} turns`);
  });
});
