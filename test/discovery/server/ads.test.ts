import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { status } from '@grpc/grpc-js';

import type {
  DeltaDiscoveryRequest,
  DiscoveryRequest,
  DiscoveryResponse,
} from '../../../src/proto/messages.ts';
import { CLUSTER_TYPE, ENDPOINT_TYPE, HEALTH_TYPE, NAME_TABLE_TYPE } from '../../../src/xds/type-urls.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { messages, testDiscovery, type TestDiscovery, type TestStream } from '../support.ts';

const NODE = { id: 'sidecar~10.0.0.1~web-1.shop~shop.svc.cluster.local', cluster: 'web.shop' };

function cluster(name: string, timeout = '1s'): string {
  return `- {"@type": ${CLUSTER_TYPE}, name: ${name}, type: EDS, connect_timeout: ${timeout}}`;
}

function endpoints(name: string, port = 80): string {
  const address = `{socket_address: {address: 127.0.0.1, port_value: ${port}}}`;
  const endpoint = `{lb_endpoints: [{endpoint: {address: ${address}}}]}`;
  return `- {"@type": ${ENDPOINT_TYPE}, cluster_name: ${name}, endpoints: [${endpoint}]}`;
}

function resources(...lines: string[]): string {
  return ['resources:', ...lines].join('\n');
}

function sotwRequest(typeUrl: string, parts: Partial<DiscoveryRequest> = {}): DiscoveryRequest {
  return { versionInfo: '', resourceNames: [], typeUrl, responseNonce: '', ...parts };
}

function deltaRequest(typeUrl: string, parts: Partial<DeltaDiscoveryRequest> = {}): DeltaDiscoveryRequest {
  return {
    typeUrl,
    resourceNamesSubscribe: [],
    resourceNamesUnsubscribe: [],
    initialResourceVersions: {},
    responseNonce: '',
    ...parts,
  };
}

async function webClient(running: TestDiscovery): ReturnType<TestDiscovery['connect']> {
  return running.connect(await running.token('shop', 'web'));
}

/** Sends a request that is certainly answered, and waits: everything before it has been handled then. */
async function settle(stream: TestStream<DiscoveryRequest, DiscoveryResponse>): Promise<DiscoveryResponse> {
  stream.send(sotwRequest(NAME_TABLE_TYPE));
  return stream.next();
}

describe('ADS, state of the world', () => {
  it('sends what the directory holds, and nothing more after an ACK', async () => {
    await using running = await testDiscovery({
      'a.yaml': resources(cluster('web'), cluster('db'), endpoints('web')),
    });
    const stream = (await webClient(running)).sotw();

    stream.send(sotwRequest(CLUSTER_TYPE, { node: NODE }));
    const response = await stream.next();
    stream.send(
      sotwRequest(CLUSTER_TYPE, { versionInfo: response.versionInfo, responseNonce: response.nonce }),
    );
    stream.send(sotwRequest(ENDPOINT_TYPE, { resourceNames: ['web', 'nowhere'] }));
    const second = await stream.next();

    assert.equal(response.typeUrl, CLUSTER_TYPE);
    assert.equal(response.resources.length, 2);
    assert.notEqual(response.versionInfo, '');
    assert.equal(second.typeUrl, ENDPOINT_TYPE);
    assert.equal(second.resources.length, 1);
  });

  it('pushes a change on disk, and what the changed resource is warmed with', async () => {
    await using running = await testDiscovery({
      'a.yaml': resources(cluster('web')),
      'b.yaml': resources(endpoints('web')),
    });
    const stream = (await webClient(running)).sotw();
    stream.send(sotwRequest(CLUSTER_TYPE, { node: NODE }));
    stream.send(sotwRequest(ENDPOINT_TYPE, { resourceNames: ['web'] }));
    const [before] = [await stream.next(), await stream.next()];

    await running.write('a.yaml', resources(cluster('web', '2s')));

    const clusters = await stream.next();
    const warmed = await stream.next();
    assert.equal(clusters.typeUrl, CLUSTER_TYPE);
    assert.notEqual(clusters.versionInfo, before?.versionInfo);
    assert.notEqual(clusters.nonce, before?.nonce);
    assert.equal(warmed.typeUrl, ENDPOINT_TYPE);
  });

  it('pushes changed endpoints without the clusters', async () => {
    await using running = await testDiscovery({
      'a.yaml': resources(cluster('web')),
      'b.yaml': resources(endpoints('web')),
    });
    const stream = (await webClient(running)).sotw();
    stream.send(sotwRequest(CLUSTER_TYPE, { node: NODE }));
    stream.send(sotwRequest(ENDPOINT_TYPE, { resourceNames: ['web'] }));
    await Promise.all([stream.next(), stream.next()]);

    await running.write('b.yaml', resources(endpoints('web', 81)));

    assert.equal((await stream.next()).typeUrl, ENDPOINT_TYPE);
  });

  it('keeps the subscription after a NACK and pushes the next version', async () => {
    await using running = await testDiscovery({ 'a.yaml': resources(cluster('web')) });
    const stream = (await webClient(running)).sotw();
    stream.send(sotwRequest(CLUSTER_TYPE, { node: NODE }));
    const refused = await stream.next();
    const errorDetail = { code: 13, message: 'Error adding/updating cluster(s) web' };

    stream.send(sotwRequest(CLUSTER_TYPE, { responseNonce: refused.nonce, errorDetail }));
    await settle(stream);
    await running.write('a.yaml', resources(cluster('web', '3s')));
    const next = await stream.next();

    assert.equal(next.typeUrl, CLUSTER_TYPE);
    assert.deepEqual(
      running.messages('warn').filter((message) => message.includes('ACK ERROR')),
      [`ADS:CDS: ACK ERROR ${NODE.id} 13:Error adding/updating cluster(s) web`],
    );
  });

  it('refuses a bad file by name and goes on with the last good state', async () => {
    await using running = await testDiscovery({ 'a.yaml': resources(cluster('web')) });
    const client = await webClient(running);

    await running.write('b.yaml', 'resources:\n- {"@type": x}\n');
    await until(() => running.messages('error').length > 0);
    const stream = client.sotw();
    stream.send(sotwRequest(CLUSTER_TYPE, { node: NODE }));
    const response = await stream.next();

    assert.match(
      running.messages('error')[0] ?? '',
      /^configuration refused, the last good one stays: b\.yaml:2: resources\[0\]/,
    );
    assert.equal(response.resources.length, 1);
  });

  it('sends a resource for some nodes to those only', async () => {
    await using running = await testDiscovery({
      'a.yaml': `${resources(cluster('web'))}\n---\nnodes: ["sidecar~*~db-*"]\n${resources(cluster('db'))}`,
    });
    const stream = (await webClient(running)).sotw();

    stream.send(sotwRequest(CLUSTER_TYPE, { node: NODE }));

    assert.equal((await stream.next()).resources.length, 1);
  });

  it('sends the name table, also when it is empty', async () => {
    await using running = await testDiscovery({ 'a.yaml': 'names: {web.shop: {ips: [10.0.0.1]}}' });
    await using empty = await testDiscovery({});
    const streams = [(await webClient(running)).sotw(), (await webClient(empty)).sotw()];

    const tables = await Promise.all(
      streams.map(async (stream) => {
        stream.send(sotwRequest(NAME_TABLE_TYPE, { node: NODE }));
        const [resource] = (await stream.next()).resources;
        return messages.nameTable.decode(resource?.value ?? Buffer.from('missing'));
      }),
    );

    assert.deepEqual(tables[0]?.table['web.shop']?.ips, ['10.0.0.1']);
    assert.deepEqual(tables[1]?.table, {});
  });

  it('lets a health report pass without an answer', async () => {
    await using running = await testDiscovery({ 'a.yaml': resources(cluster('web')) });
    const stream = (await webClient(running)).sotw();
    stream.send(sotwRequest(HEALTH_TYPE, { node: NODE }));

    const first = await settle(stream);

    assert.equal(first.typeUrl, NAME_TABLE_TYPE);
  });

  it('forgets a stream that ends', async () => {
    await using running = await testDiscovery({});
    const stream = (await webClient(running)).sotw();
    stream.send(sotwRequest(CLUSTER_TYPE, { node: NODE }));
    await stream.next();
    assert.equal(running.discovery.connectionCount(), 1);

    stream.close();

    assert.equal(await stream.ended, undefined);
    await until(() => running.discovery.connectionCount() === 0);
  });
});

describe('ADS, delta', () => {
  it('sends everything first, then only the difference', async () => {
    await using running = await testDiscovery({
      'a.yaml': resources(cluster('web'), cluster('db')),
      'b.yaml': resources(cluster('cache')),
    });
    const stream = (await webClient(running)).delta();
    stream.send(deltaRequest(CLUSTER_TYPE, { node: NODE }));
    const all = await stream.next();
    stream.send(deltaRequest(CLUSTER_TYPE, { responseNonce: all.nonce }));

    await running.write('a.yaml', resources(cluster('web', '5s')));
    const difference = await stream.next();

    assert.deepEqual(
      all.resources.map(({ name }) => name),
      ['web', 'db', 'cache'],
    );
    assert.deepEqual(
      difference.resources.map(({ name }) => name),
      ['web'],
    );
    assert.deepEqual(difference.removedResources, ['db']);
  });

  it('sends nothing to a returning client that has everything but the answer it waits for', async () => {
    await using running = await testDiscovery({ 'a.yaml': resources(cluster('web')) });
    const client = await webClient(running);
    const first = client.delta();
    first.send(deltaRequest(CLUSTER_TYPE, { node: NODE }));
    const [resource] = (await first.next()).resources;
    const second = client.delta();

    second.send(
      deltaRequest(CLUSTER_TYPE, {
        node: NODE,
        initialResourceVersions: { web: resource?.version ?? '' },
      }),
    );

    assert.deepEqual((await second.next()).resources, []);
  });

  it('says of a name that does not exist that it is removed', async () => {
    await using running = await testDiscovery({});
    const stream = (await webClient(running)).delta();

    stream.send(deltaRequest(ENDPOINT_TYPE, { node: NODE, resourceNamesSubscribe: ['nowhere'] }));

    assert.deepEqual((await stream.next()).removedResources, ['nowhere']);
  });
});

describe('ADS, refusals', () => {
  const cases = [
    { what: 'a caller without token', token: undefined, message: /no token was sent/ },
    { what: 'a token that is none', token: 'abc', message: /the token is not valid/ },
  ];
  for (const { what, token, message } of cases) {
    it(`refuses ${what}`, async () => {
      await using running = await testDiscovery({});
      const stream = (await running.connect(token)).sotw();

      stream.send(sotwRequest(CLUSTER_TYPE, { node: NODE }));
      const error = await stream.ended;

      assert.equal(error?.code, status.UNAUTHENTICATED);
      assert.match(error.details, /^authentication failure: /);
      assert.match(error.details, message);
    });
  }

  it('says in the log, and only there, why a token cannot be checked', async () => {
    await using directory = await temporaryDirectory();
    const jwksFile = join(directory.path, 'jwks.json');
    const key = { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', kid: 'broken', alg: 'ES256' };
    await writeFile(jwksFile, JSON.stringify({ keys: [key] }));
    await using running = await testDiscovery({}, { jwksFile });
    const header = Buffer.from('{"alg":"ES256","kid":"broken"}').toString('base64url');
    const stream = (await running.connect(`${header}.e30.AA`)).sotw();

    stream.send(sotwRequest(CLUSTER_TYPE, { node: NODE }));
    const error = await stream.ended;

    assert.equal(error?.code, status.INTERNAL);
    assert.equal(error.details, 'internal error of the control plane');
    assert.match(running.messages('error').join('\n'), /^ADS: stream refused: ./);
  });

  it('refuses a node of another namespace', async () => {
    await using running = await testDiscovery({});
    const stream = (await running.connect(await running.token('other', 'web'))).sotw();

    stream.send(sotwRequest(CLUSTER_TYPE, { node: NODE }));

    assert.equal((await stream.ended)?.code, status.PERMISSION_DENIED);
  });

  it('refuses a stream that does not begin with a node', async () => {
    await using running = await testDiscovery({});
    const stream = (await webClient(running)).sotw();

    stream.send(sotwRequest(CLUSTER_TYPE));
    const error = await stream.ended;

    assert.equal(error?.code, status.INVALID_ARGUMENT);
    assert.equal(error.details, 'missing node information');
  });

  it('does not start with a bad file', async () => {
    await assert.rejects(testDiscovery({ 'a.yaml': 'resource: []' }), {
      name: 'ConfigFilesError',
      message: 'a.yaml:1: resource: unknown; a document has nodes, resources, names, caCertificatesPem',
    });
  });
});

/** Waits for something that happens in the same process, on the event loop's own time. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise((resolve) => {
      setTimeout(resolve, 5);
    });
  }
}
