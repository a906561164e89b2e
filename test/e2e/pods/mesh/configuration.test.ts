import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { parse } from 'yaml';

import { fetchEnvoy } from '../../../../examples/demo/fetch-envoy.ts';
import { readConfigDirectory } from '../../../../src/discovery/source/config-directory.ts';
import { loadEnvoyApi } from '../../../../src/proto/envoy-api.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { envoyVerdict } from '../../support/envoy-verdict.ts';
import { configuration } from './configuration.ts';
import type { Member } from './member.ts';

interface Resource {
  readonly '@type': string;
  readonly name: string;
  readonly filter_chains?: readonly object[];
}

interface Document {
  readonly nodes?: readonly string[];
  readonly resources?: readonly Resource[];
  readonly names?: Readonly<Record<string, { readonly ips: readonly string[] }>>;
}

let count = 0;

function member(name: string, more: Partial<Member> = {}): Member {
  return {
    name,
    namespace: 'shop',
    ip: `10.0.0.${++count}`,
    serviceAccount: name,
    service: name,
    ports: [
      { port: 80, protocol: 'http', tls: true },
      { port: 81, protocol: 'tcp', tls: true },
      { port: 82, protocol: 'grpc', tls: false },
    ],
    role: 'sidecar',
    interception: 'REDIRECT',
    peers: 'permissive',
    isLeaving: false,
    ...more,
  };
}

function documents(...members: readonly Member[]): ReadonlyMap<string, Document> {
  return new Map([...configuration(members)].map(([name, text]) => [name, parse(text) as Document]));
}

const EVERY_ROLE: readonly Member[] = [
  member('redirect'),
  member('tproxy', { interception: 'TPROXY' }),
  member('strict', { peers: 'strict' }),
  member('gateway', { role: 'router', ports: [] }),
  member('grpc', { role: 'proxyless' }),
  member('outside', { role: 'none' }),
];

describe('configuration', function () {
  this.timeout(60_000);

  it('is accepted by the control plane for every role', async () => {
    await using folder = await temporaryDirectory();
    for (const [name, text] of configuration(EVERY_ROLE)) await writeFile(join(folder.path, name), text);
    const { encoder } = await loadEnvoyApi();

    const { scopes } = await readConfigDirectory(folder.path, encoder);

    equal(scopes.length, 6);
  });

  for (const role of ['redirect', 'tproxy', 'strict', 'gateway']) {
    it(`is accepted by Envoy: ${role}`, async () => {
      const resources = documents(...EVERY_ROLE).get(`${role}.shop.yaml`)?.resources ?? [];

      const { isAccepted, output } = await envoyVerdict(await fetchEnvoy(), bootstrap(resources));

      ok(isAccepted, output);
    });
  }

  it('is for the node of the pod alone, and a pod outside of the mesh has none', () => {
    const files = documents(member('web', { ip: '10.0.9.9' }), member('outside', { role: 'none' }));

    deepEqual([...files.keys()], ['names.yaml', 'web.shop.yaml']);
    deepEqual(files.get('web.shop.yaml')?.nodes, ['*~10.0.9.9~web.shop~*']);
  });

  it('names pods and services; a pod that leaves goes on under its own name only', () => {
    const [one, two] = [
      member('web-1', { service: 'web' }),
      member('web-2', { service: 'web', isLeaving: true }),
    ];

    const names = documents(one, two).get('names.yaml')?.names ?? {};

    deepEqual(
      Object.entries(names).map(([name, { ips }]) => [name, ips]),
      [
        ['web-1.shop.svc.cluster.local', [one.ip]],
        ['web-2.shop.svc.cluster.local', [two.ip]],
        ['web.shop.svc.cluster.local', [one.ip]],
      ],
    );
  });

  it('sends captured calls to the pod they were meant for, with its identity expected', () => {
    const [one, two] = [member('web-1', { service: 'web' }), member('web-2', { service: 'web' })];

    const { filter_chains: chains = [] } = named(
      documents(one, two).get('web-1.shop.yaml'),
      'virtualOutbound',
    );
    const chain = chains.find((each) => JSON.stringify(each).includes(`"${two.ip}"`));
    const cluster = named(
      documents(one, two).get('web-1.shop.yaml'),
      'outbound|80||web-2.shop.svc.cluster.local',
    );

    match(JSON.stringify(chain), /"cluster":"outbound\|80\|\|web-2\.shop/);
    match(JSON.stringify(cluster), /"exact":"spiffe:\/\/cluster\.local\/ns\/shop\/sa\/web-2"/);
  });

  it('takes plain text only where the pod is permissive', () => {
    const chains = (peers: Member['peers']): string => {
      const listener = named(documents(member('web', { peers })).get('web.shop.yaml'), 'virtualInbound');
      return JSON.stringify(listener);
    };

    match(chains('permissive'), /raw_buffer.*default_filter_chain/s);
    equal(/raw_buffer|default_filter_chain/.test(chains('strict')), false);
  });
});

function named(document: Document | undefined, name: string): Resource {
  const found = document?.resources?.find((resource) => resource.name === name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

/** The resources as if they were its own, with the agent's secrets where every bootstrap has them. */
function bootstrap(resources: readonly Resource[]): string {
  const untyped = resources.map(({ '@type': type, ...fields }) => ({ type, fields }));
  const ofType = (type: string): readonly object[] =>
    untyped.filter((each) => each.type.endsWith(type)).map(({ fields }) => fields);
  const secrets = { pipe: { path: '/nowhere' } };
  const sds = {
    name: 'sds-grpc',
    type: 'STATIC',
    typed_extension_protocol_options: {
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
        '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
        explicit_http_config: { http2_protocol_options: {} },
      },
    },
    load_assignment: {
      cluster_name: 'sds-grpc',
      endpoints: [{ lb_endpoints: [{ endpoint: { address: secrets } }] }],
    },
  };
  return JSON.stringify({
    node: { id: 'web', cluster: 'web' },
    static_resources: { listeners: ofType('.Listener'), clusters: [sds, ...ofType('.Cluster')] },
  });
}
