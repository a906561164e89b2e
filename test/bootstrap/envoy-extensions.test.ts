import assert from 'node:assert/strict';

import type { BootstrapDocument } from '../../src/bootstrap/bootstrap.ts';
import { istioExtensions, withoutExtensions } from '../../src/bootstrap/envoy-extensions.ts';
import type { BootstrapChanges } from './inputs.ts';
import { rendered } from './shapes.ts';

const WORKLOAD_DISCOVERY = 'istio.workload.BootstrapExtension';
const LIGHTSTEP = 'envoy.tracers.lightstep';
const BOTH = [WORKLOAD_DISCOVERY, LIGHTSTEP];

const EVERYTHING: BootstrapChanges = {
  node: { peerMetadataDiscovery: true },
  proxyConfig: { tracing: { lightstep: { address: 'lightstep:443', accessToken: 'of-the-test' } } },
};

async function documentOf(changes: BootstrapChanges): Promise<BootstrapDocument> {
  return (await rendered(changes)).bootstrap as unknown as BootstrapDocument;
}

function namesIn(document: BootstrapDocument): readonly string[] {
  return istioExtensions(document).map(({ name }) => name);
}

describe('istioExtensions', () => {
  it('are none in a plain sidecar', async () => {
    assert.deepEqual(namesIn(await documentOf({})), []);
  });

  it('are metadata discovery and the Lightstep tracer', async () => {
    assert.deepEqual(namesIn(await documentOf(EVERYTHING)), BOTH);
  });

  it("are found in a user's document by their own type too", () => {
    const typed = { '@type': `type.googleapis.com/${WORKLOAD_DISCOVERY}` };

    assert.deepEqual(namesIn({ bootstrap_extensions: [{ name: 'x', typed_config: typed }] }), [
      WORKLOAD_DISCOVERY,
    ]);
    assert.deepEqual(namesIn({}), []);
  });

  it('each have a sample that asks for nothing else', async () => {
    for (const { name, sample } of istioExtensions(await documentOf(EVERYTHING))) {
      assert.deepEqual(namesIn(sample), [name]);
    }
  });
});

describe('withoutExtensions', () => {
  it('leaves a document without them as it is', async () => {
    const document = await documentOf({});

    assert.deepEqual(withoutExtensions(document, BOTH), { document, leftOut: [] });
  });

  it('takes out only what is lacking', async () => {
    const document = await documentOf(EVERYTHING);

    const { document: rest, leftOut } = withoutExtensions(document, [WORKLOAD_DISCOVERY]);

    assert.deepEqual(leftOut, [WORKLOAD_DISCOVERY]);
    assert.deepEqual(namesIn(rest), [LIGHTSTEP]);
    assert.deepEqual({ ...rest, bootstrap_extensions: null }, { ...document, bootstrap_extensions: null });
  });

  it('takes the cluster of the collector along with the tracer', async () => {
    const { document } = withoutExtensions(await documentOf(EVERYTHING), [LIGHTSTEP]);

    assert.equal(document['tracing'], undefined);
    assert.doesNotMatch(JSON.stringify(document['static_resources']), /lightstep/);
    assert.match(JSON.stringify(document['static_resources']), /"name":"xds-grpc"/);
  });

  it('keeps the other bootstrap extension', async () => {
    const { document } = withoutExtensions(await documentOf(EVERYTHING), BOTH);

    const names = (document['bootstrap_extensions'] as { readonly name: string }[]).map(({ name }) => name);
    assert.deepEqual(names, ['envoy.bootstrap.internal_listener']);
  });
});
