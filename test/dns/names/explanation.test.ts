import { deepEqual, equal, match } from 'node:assert/strict';

import { absolute } from '../../../src/dns/names/asked-name.ts';
import { explainName, type NameExplanation } from '../../../src/dns/names/explanation.ts';
import { LookupTable } from '../../../src/dns/names/lookup-table.ts';
import { packed } from '../support/packed.ts';

const CONTEXT = { namespace: 'shop', domain: 'shop.svc.cluster.local', search: ['shop.svc.cluster.local'] };
const WEB = { registry: 'Kubernetes', shortname: 'web', namespace: 'shop', ips: ['10.0.0.1', 'x', '::1'] };
const TABLE = {
  'web.shop.svc.cluster.local': { ...WEB, altHosts: ['web.alt'] },
  'other.shop.svc.cluster.local': { ...WEB, ips: ['10.0.0.2'] },
  'web.shop.svc.cluster.local.': { ...WEB, shortname: 'dotted' },
  'db.example': { ips: ['192.0.2.7'], registry: 'External' },
  '*.wild.example': { ips: ['192.0.2.8'], registry: 'External' },
  'none.example': { ips: ['10.0.0.0/8', 'host'], registry: 'External' },
  'empty.wild.example': { registry: 'External' },
};

async function explain(name: string): Promise<NameExplanation> {
  return explainName(await LookupTable.build(packed(TABLE), CONTEXT), absolute(name));
}

describe('explainName', () => {
  const relations = [
    { name: 'DB.example', said: 'db.example. is the name of db.example' },
    { name: 'web.shop.', said: 'web.shop. is a short name of other.shop.svc.cluster.local' },
    { name: 'web.alt', said: 'web.alt. is an alternate host of web.shop.svc.cluster.local' },
    {
      name: 'a.b.wild.example',
      said: '*.wild.example. is the name of *.wild.example, which stands for all names below',
    },
    {
      name: 'db.example.shop.svc.cluster.local',
      said: 'db.example. is the name of db.example, and was asked for with the first search domain',
    },
    {
      name: 'a.wild.example.shop.svc.cluster.local',
      said: '*.wild.example. is the name of *.wild.example, which stands for all names below, and was asked for with the first search domain',
    },
  ];
  for (const { name, said } of relations) {
    it(`says of ${name} whose name it is, and why`, async () => {
      const { verdict } = await explain(name);

      equal(verdict, `answered from the name table: ${said}`);
    });
  }

  it('shows the host as it was sent, how it came by the name, and which of its texts are no addresses', async () => {
    const { name, answeredBy, passedOver } = await explain('Web.Alt');

    equal(name, 'web.alt.');
    deepEqual(answeredBy, {
      host: 'web.shop.svc.cluster.local',
      registry: 'Kubernetes',
      rule: 'altHost',
      ips: ['10.0.0.1', 'x', '::1'],
      ignoredIps: ['x'],
    });
    deepEqual(passedOver, []);
  });

  it('shows the hosts that lost the name', async () => {
    const { answeredBy, passedOver } = await explain('web.shop');

    equal(answeredBy?.host, 'other.shop.svc.cluster.local');
    deepEqual(
      passedOver.map(({ host, rule }) => [host, rule]),
      [['web.shop.svc.cluster.local', 'short']],
    );
  });

  it('shows the records of both families, the alias first, none for a family that is not there', async () => {
    const plain = await explain('web.alt');
    const searched = await explain('db.example.shop.svc.cluster.local');

    deepEqual(plain.answers, { A: ['web.alt. A 10.0.0.1'], AAAA: ['web.alt. AAAA ::1'] });
    deepEqual(searched.answers, {
      A: ['db.example.shop.svc.cluster.local. CNAME db.example.', 'db.example. A 192.0.2.7'],
      AAAA: [],
    });
  });

  it('shows no alias of a wildcard where that is wanted', async () => {
    const lookup = await LookupTable.build(packed(TABLE), { ...CONTEXT, flattenWildcards: true });
    const name = 'a.wild.example.shop.svc.cluster.local.';

    const [asIs, flat] = [await explain(name), await explainName(lookup, name)];

    deepEqual(asIs.answers?.A, [`${name} CNAME *.wild.example.`, '*.wild.example. A 192.0.2.8']);
    deepEqual(flat.answers?.A, [`${name} A 192.0.2.8`]);
  });

  it('lists what was looked for up to the name that is there, or all of it', async () => {
    const tried = async (name: string): Promise<string[]> =>
      (await explain(name)).tried.map((each) => each.name);

    deepEqual(await tried('a.wild.example.shop.svc.cluster.local'), [
      'a.wild.example.shop.svc.cluster.local.',
      'a.wild.example.',
      '*.wild.example.shop.svc.cluster.local.',
      '*.wild.example.',
    ]);
    deepEqual(await tried('a.other.example'), ['a.other.example.', '*.other.example.', '*.example.']);
  });

  it('answers nothing where the table has no such name', async () => {
    const { verdict, answers, answeredBy, unusable } = await explain('www.other.example');

    deepEqual([answers, answeredBy, unusable], [undefined, undefined, []]);
    equal(verdict, 'the name table does not have it');
  });

  it('names a host whose texts are no addresses', async () => {
    const { verdict, answers, unusable } = await explain('none.example');

    equal(answers, undefined);
    match(verdict, /; none\.example would, but none of its ips is an address: 10\.0\.0\.0\/8, host$/);
    deepEqual(unusable, [
      {
        host: 'none.example',
        registry: 'External',
        ips: ['10.0.0.0/8', 'host'],
        why: 'none of its ips is an address: 10.0.0.0/8, host',
      },
    ]);
  });

  it('names a host without addresses in whose place a wildcard answers', async () => {
    const { answers, unusable } = await explain('empty.wild.example');

    deepEqual(answers?.A, ['empty.wild.example. A 192.0.2.8']);
    deepEqual(
      unusable.map(({ host, why }) => [host, why]),
      [['empty.wild.example', 'it has no address']],
    );
  });

  it('names a service whose host ends with a dot', async () => {
    const lookup = await LookupTable.build(packed({ 'web.shop.svc.cluster.local.': WEB }), CONTEXT);

    const { verdict, unusable } = await explainName(lookup, 'web.shop.svc.cluster.local.');

    match(verdict, /would, but a host of registry Kubernetes must not end with a dot$/);
    equal(unusable.length, 1);
  });
});
