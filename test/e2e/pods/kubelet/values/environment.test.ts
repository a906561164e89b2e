import { deepEqual, equal, throws } from 'node:assert/strict';

import { containerOf, type Yaml } from '../support/pod-yaml.ts';
import { contextOf } from '../support/value-context.ts';
import { environment, expandWords, serviceVariables } from './environment.ts';

const SETTINGS = { settings: { color: 'red', size: '$(HOST)' } };

function variables(container: Yaml, services: Record<string, string> = {}): Record<string, string> {
  const { pod, container: spec } = containerOf(container);
  return Object.fromEntries(environment(spec, contextOf(pod, SETTINGS), services));
}

function fromKey(name: string, key: string, optional = false): Yaml {
  return { valueFrom: { configMapKeyRef: { name, key, optional } } };
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

  it('takes values from fields, config maps and secrets as they are', () => {
    const env = [
      { name: 'HOST', valueFrom: { fieldRef: { fieldPath: 'status.hostIP' } } },
      { name: 'COLOR', ...fromKey('settings', 'color') },
      { name: 'SIZE', valueFrom: { secretKeyRef: { name: 'settings', key: 'size' } } },
      { name: 'CPU', valueFrom: { resourceFieldRef: { resource: 'limits.cpu' } } },
    ];

    const found = variables({ env });

    deepEqual(found, { HOST: '10.0.0.1', COLOR: 'red', SIZE: '$(HOST)', CPU: '8' });
  });

  it('takes whole config maps, below what the container says itself', () => {
    const envFrom = [
      { prefix: 'P_', configMapRef: { name: 'settings' } },
      { secretRef: { name: 'none', optional: true } },
    ];

    const found = variables({ envFrom, env: [{ name: 'P_color', value: '$(P_color)der' }] });

    deepEqual(found, { P_color: 'redder', P_size: '$(HOST)' });
  });

  it('leaves out what is optional and not there, and refuses the rest by name', () => {
    deepEqual(variables({ env: [{ name: 'A', ...fromKey('none', 'key', true) }] }), {});
    throws(
      () => variables({ env: [{ name: 'A', ...fromKey('none', 'k') }] }),
      /configMap shop\/none .*key k/,
    );
    throws(() => variables({ env: [{ name: 'A', ...fromKey('settings', 'k') }] }), /shop\/settings .*key k/);
    throws(() => variables({ envFrom: [{ secretRef: { name: 'none' } }] }), /secret shop\/none/);
  });

  it('tells of the API server as its service would', () => {
    const services = serviceVariables('10.96.0.1');

    equal(services['KUBERNETES_SERVICE_HOST'], '10.96.0.1');
    equal(services['KUBERNETES_SERVICE_PORT'], '443');
    equal(services['KUBERNETES_PORT'], 'tcp://10.96.0.1:443');
  });
});

describe('expandWords', () => {
  it('puts variables into the words of a command', () => {
    const words = expandWords(['--domain', '$(NS).svc', '$(NONE)'], new Map([['NS', 'shop']]));

    deepEqual(words, ['--domain', 'shop.svc', '$(NONE)']);
  });
});
