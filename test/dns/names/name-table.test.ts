import { deepEqual, equal } from 'node:assert/strict';

import { namesOf, ruleOf, serviceDomain, type NameInfo } from '../../../src/dns/names/name-table.ts';

const CONTEXT = { namespace: 'shop', domain: 'shop.svc.cluster.local' };
const WEB: NameInfo = { registry: 'Kubernetes', shortname: 'web', namespace: 'shop' };

describe('serviceDomain', () => {
  it('is the domain of the proxy without its namespace', () => {
    equal(serviceDomain(CONTEXT), 'svc.cluster.local');
    equal(serviceDomain({ namespace: 'other', domain: 'shop.svc' }), 'shop.svc');
    equal(serviceDomain({ namespace: 'shop', domain: 'shop' }), '');
    equal(serviceDomain({ namespace: 'shop', domain: 'shopping.svc' }), 'shopping.svc');
  });
});

describe('namesOf', () => {
  it('makes the short names of a service, the bare one in its own namespace only', () => {
    deepEqual(namesOf('web.shop.svc.cluster.local', WEB, CONTEXT), [
      'web.shop.svc.cluster.local.',
      'web.shop.',
      'web.',
      'web.shop.svc.',
    ]);
    deepEqual(
      namesOf('web.shop.svc.cluster.local', WEB, { ...CONTEXT, namespace: 'other' }).includes('web.'),
      false,
    );
  });

  it('adds the alternate hosts', () => {
    const names = namesOf('web.shop.svc.cluster.local', { ...WEB, altHosts: ['web.example'] }, CONTEXT);

    equal(names.at(-1), 'web.example.');
  });

  it('takes a domain of one label', () => {
    deepEqual(namesOf('web.shop.mesh', WEB, { namespace: 'other', domain: 'mesh' }), [
      'web.shop.mesh.',
      'web.shop.',
      'web.shop.mesh.',
    ]);
  });

  it('makes none for a host of another domain, or for a proxy without one', () => {
    deepEqual(namesOf('web.shop.svc.remote', WEB, CONTEXT), ['web.shop.svc.remote.']);
    deepEqual(namesOf('web.shop.svc.cluster.local', WEB, { namespace: 'shop', domain: '' }), [
      'web.shop.svc.cluster.local.',
    ]);
  });

  it('makes none of an empty name or namespace', () => {
    const info = { registry: 'Kubernetes', namespace: 'shop' };

    deepEqual(namesOf('web.shop.svc.cluster.local', info, CONTEXT), ['web.shop.svc.cluster.local.']);
  });

  it('knows hosts of other registries by their own name, with a final dot or without', () => {
    const info = { registry: 'External', shortname: 'a', namespace: 'shop' };

    deepEqual(namesOf('a.example', info, CONTEXT), ['a.example.']);
    deepEqual(namesOf('a.example.', info, CONTEXT), ['a.example.']);
  });

  it('knows no name of a service with a final dot', () => {
    deepEqual(namesOf('web.shop.svc.cluster.local.', WEB, CONTEXT), []);
  });
});

describe('ruleOf', () => {
  it('tells the own name from short ones and alternate hosts, in whatever case they were sent', () => {
    const rule = (name: string): string =>
      ruleOf(name, 'Web.shop.svc.cluster.local', { ...WEB, altHosts: ['Web.example'] });

    deepEqual(['web.shop.svc.cluster.local.', 'web.shop.', 'web.example.'].map(rule), [
      'own',
      'short',
      'altHost',
    ]);
    equal(ruleOf('a.example.', 'a.example.', {}), 'own');
  });
});
