import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { stringify } from 'yaml';

import { clientConfig, serverConfig } from '../../../examples/demo/mesh-config.ts';
import { POD_PORTS, type Host, type HostName, type Layout } from '../../../examples/demo/topology.ts';
import { readConfigDirectory } from '../../../src/discovery/source/config-directory.ts';
import { loadEnvoyApi } from '../../../src/proto/envoy-api.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

function layout(captured: boolean): Layout {
  const host = (name: HostName, address: string): Host => ({ name, address, ports: POD_PORTS });
  return {
    captured,
    directory: '/nowhere',
    hosts: {
      control: host('control', '10.77.0.1'),
      client: host('client', '10.77.0.2'),
      server: host('server', '10.77.0.3'),
    },
    discoveryAddress: 'istiod.istio-system.svc:15012',
    discoveryPort: 15012,
    paths: { envoy: '/nowhere/envoy', package: '/nowhere' },
    command: () => ({ file: 'true', args: [] }),
    proxyUser: { uid: 1337, gid: 1337 },
    prefix: () => '',
    remove: () => Promise.resolve(),
  };
}

describe('the demo’s mesh configuration', () => {
  for (const captured of [true, false]) {
    it(`is accepted by the control plane ${captured ? 'with' : 'without'} capture`, async () => {
      await using directory = await temporaryDirectory();
      const { encoder } = await loadEnvoyApi();
      await writeFile(join(directory.path, 'client.yaml'), stringify(clientConfig(layout(captured))));
      await writeFile(join(directory.path, 'server.yaml'), stringify(serverConfig(layout(captured))));

      const { scopes } = await readConfigDirectory(directory.path, encoder);

      assert.deepEqual(
        scopes.map((scope) => scope.resources.map(({ name }) => name)),
        [
          ['outbound|8080||server.demo.svc.cluster.local', 'PassthroughCluster', 'virtualOutbound'],
          ['inbound', 'virtualInbound'],
        ],
      );
    });
  }

  it('takes nothing but mTLS at the server', () => {
    const text = JSON.stringify(serverConfig(layout(true)));

    assert.match(text, /"require_client_certificate":true/);
    assert.equal(text.match(/"filter_chain_match":/g)?.length, 1);
    assert.doesNotMatch(text, /default_filter_chain/);
  });
});
