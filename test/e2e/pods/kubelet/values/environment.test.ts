import { deepEqual, equal } from 'node:assert/strict';

import { containerOf, type Yaml } from '../support/pod-yaml.ts';
import { contextOf } from '../support/value-context.ts';
import { environment, expand, serviceVariables } from './environment.ts';

function variables(container: Yaml, services: Record<string, string> = {}): Record<string, string> {
  const { pod, container: spec } = containerOf(container);
  return Object.fromEntries(environment(spec, contextOf(pod), services));
}

describe('environment', () => {
  it('puts into a value the variables before it and those of services, and no later ones', () => {
    const env = [
      { name: 'A', value: 'a' },
      { name: 'B', value: '$(A)-$(SERVICE)-$(C)' },
      { name: 'C', value: 'c' },
      { name: 'EMPTY' },
    ];

    const found = variables({ env }, { SERVICE: 's' });

    deepEqual(found, { SERVICE: 's', A: 'a', B: 'a-s-$(C)', C: 'c', EMPTY: '' });
  });

  it('lets a variable of the container win over one of a service, there and in values', () => {
    const env = [
      { name: 'S', value: 'own' },
      { name: 'T', value: '$(S)' },
    ];

    deepEqual(variables({ env }, { S: 'service' }), { S: 'own', T: 'own' });
  });

  it('takes values from fields of the pod and resources of the container', () => {
    const env = [
      { name: 'HOST', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } },
      { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
    ];

    const found = variables({ env });

    deepEqual(found, { HOST: '10.0.0.1', CPU: '8' });
  });

  it('tells of the API server as its service would', () => {
    const services = serviceVariables('10.96.0.1');

    equal(services['KUBERNETES_SERVICE_HOST'], '10.96.0.1');
    equal(services['KUBERNETES_SERVICE_PORT'], '443');
    equal(services['KUBERNETES_PORT'], 'tcp://10.96.0.1:443');
  });
});

/** Text, and what Kubernetes makes of it. */
const CASES: readonly (readonly [string, string])[] = [
  ['$(NAME).shop', 'web.shop'],
  ['$(NAME)$(NAME)', 'webweb'],
  ['[$(EMPTY)]', '[]'],
  ['$(UNKNOWN)', '$(UNKNOWN)'],
  ['$$(NAME)', '$(NAME)'],
  ['$$$(NAME)', '$web'],
  ['$$$$(NAME)', '$$(NAME)'],
  ['$(NAME', '$(NAME'],
  ['$NAME and $', '$NAME and $'],
  ['a$$b', 'a$b'],
  ['$(DOLLAR)', '$(NAME)'],
  ['$()', '$()'],
];

describe('expand', () => {
  const values = new Map([
    ['NAME', 'web'],
    ['EMPTY', ''],
    ['DOLLAR', '$(NAME)'],
  ]);
  for (const [text, expected] of CASES) {
    it(`makes ${expected} of ${text}`, () => {
      equal(expand(text, values), expected);
    });
  }
});
