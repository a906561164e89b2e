import assert from 'node:assert/strict';

import { changesBetween } from '../../../src/discovery/generation/changes.ts';
import { nodeConfig, type NodeConfig } from '../../../src/discovery/generation/node-config.ts';
import type { Scope, WrittenResource } from '../../../src/discovery/model.ts';
import { loadMessages } from '../../../src/proto/messages.ts';
import {
  CLUSTER_TYPE,
  ENDPOINT_TYPE,
  LISTENER_TYPE,
  NAME_TABLE_TYPE,
  PROXY_CONFIG_TYPE,
  ROUTE_TYPE,
} from '../../../src/xds/type-urls.ts';

const messages = loadMessages();

function resource(typeUrl: string, name: string, content = 'x'): WrittenResource {
  return { typeUrl, name, resource: { typeUrl, value: Buffer.from(content) } };
}

function scope(parts: Partial<Scope>): Scope {
  return { nodes: undefined, resources: [], hosts: new Map(), anchors: [], ...parts };
}

function configOf(...resources: WrittenResource[]): NodeConfig {
  return nodeConfig({ scopes: [scope({ resources })] }, 'n', messages);
}

describe('nodeConfig', () => {
  it('lets what is said about a node win over what is said about all', () => {
    const scopes = [
      scope({ resources: [resource(CLUSTER_TYPE, 'a', 'all'), resource(CLUSTER_TYPE, 'b')] }),
      scope({ nodes: ['n'], resources: [resource(CLUSTER_TYPE, 'a', 'mine')] }),
      scope({ nodes: ['other'], resources: [resource(CLUSTER_TYPE, 'a', 'not mine')] }),
    ];

    const clusters = nodeConfig({ scopes }, 'n', messages).get(CLUSTER_TYPE)?.resources;

    assert.deepEqual([...(clusters?.keys() ?? [])], ['a', 'b']);
    assert.equal(clusters?.get('a')?.resource.value.toString(), 'mine');
  });

  it('gives a type the same version exactly while its resources are the same', () => {
    const version = (config: NodeConfig): string | undefined => config.get(CLUSTER_TYPE)?.version;
    const before = version(configOf(resource(CLUSTER_TYPE, 'a'), resource(CLUSTER_TYPE, 'b')));

    assert.equal(version(configOf(resource(CLUSTER_TYPE, 'b'), resource(CLUSTER_TYPE, 'a'))), before);
    assert.notEqual(version(configOf(resource(CLUSTER_TYPE, 'a'))), before);
    assert.notEqual(version(configOf(resource(CLUSTER_TYPE, 'a', 'y'), resource(CLUSTER_TYPE, 'b'))), before);
  });

  it('gives the trust anchors of all scopes, and says when there are none', () => {
    const anchorsOf = (...scopes: Scope[]): readonly string[] => {
      const { resources } = nodeConfig({ scopes }, 'n', messages).get(PROXY_CONFIG_TYPE) ?? assert.fail();
      const { value } = resources.get('')?.resource ?? assert.fail();
      return messages.proxyConfig.decode(value).caCertificatesPem;
    };

    assert.deepEqual(anchorsOf(), []);
    assert.deepEqual(anchorsOf(scope({ anchors: ['a'] }), scope({ nodes: ['n'], anchors: ['b'] })), [
      'a',
      'b',
    ]);
    assert.deepEqual(anchorsOf(scope({ nodes: ['other'], anchors: ['c'] })), []);
  });

  it('joins the host names of all scopes into one table', () => {
    const host = (ip: string): Scope['hosts'] =>
      new Map([['h', { ips: [ip], registry: '', shortname: '', namespace: '', altHosts: [] }]]);
    const scopes = [scope({ hosts: host('10.0.0.1') }), scope({ nodes: ['*'], hosts: host('10.0.0.2') })];

    const table = nodeConfig({ scopes }, 'n', messages).get(NAME_TABLE_TYPE)?.resources.get('');

    const { h } = messages.nameTable.decode(table?.resource.value ?? Buffer.from('missing')).table;
    assert.deepEqual(h?.ips, ['10.0.0.2']);
  });
});

describe('changesBetween', () => {
  it('is empty between equal configurations', () => {
    assert.deepEqual(
      changesBetween(configOf(resource(CLUSTER_TYPE, 'a')), configOf(resource(CLUSTER_TYPE, 'a'))),
      [],
    );
  });

  it('orders the types so that what is referred to comes first', () => {
    const types = [ROUTE_TYPE, LISTENER_TYPE, ENDPOINT_TYPE, CLUSTER_TYPE];

    const changes = changesBetween(configOf(), configOf(...types.map((type) => resource(type, 'a'))));

    assert.deepEqual(
      changes.map(({ typeUrl }) => typeUrl),
      [CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, ROUTE_TYPE],
    );
  });

  it('repeats endpoints with changed clusters and routes with changed listeners', () => {
    const fixed = [resource(ENDPOINT_TYPE, 'e'), resource(ROUTE_TYPE, 'r')];
    const before = configOf(resource(CLUSTER_TYPE, 'c'), ...fixed);
    const after = configOf(resource(CLUSTER_TYPE, 'c', 'new'), ...fixed);

    assert.deepEqual(changesBetween(before, after), [
      { typeUrl: CLUSTER_TYPE, changed: ['c'], removed: [], again: false },
      { typeUrl: ENDPOINT_TYPE, changed: ['e'], removed: [], again: true },
    ]);
  });

  it('names what is gone', () => {
    const changes = changesBetween(configOf(resource(ROUTE_TYPE, 'r')), configOf());

    assert.deepEqual(changes, [{ typeUrl: ROUTE_TYPE, changed: [], removed: ['r'], again: false }]);
  });
});
