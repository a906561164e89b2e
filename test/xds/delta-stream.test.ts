import assert from 'node:assert/strict';

import type { DeltaDiscoveryRequest } from '../../src/proto/messages.ts';
import { DeltaStream, type VersionedResource } from '../../src/xds/delta-stream.ts';
import { CLUSTER_TYPE, ENDPOINT_TYPE } from '../../src/xds/type-urls.ts';

function request(typeUrl: string, parts: Partial<DeltaDiscoveryRequest> = {}): DeltaDiscoveryRequest {
  return {
    typeUrl,
    resourceNamesSubscribe: [],
    resourceNamesUnsubscribe: [],
    initialResourceVersions: {},
    responseNonce: '',
    ...parts,
  };
}

/** Resources by name, each with the version given. */
function resources(versions: Record<string, string>): Map<string, VersionedResource> {
  return new Map(
    Object.entries(versions).map(([name, version]) => [
      name,
      { version, resource: { typeUrl: CLUSTER_TYPE, value: new Uint8Array() } },
    ]),
  );
}

function numberedStream(): DeltaStream {
  let count = 0;
  return new DeltaStream({ nonce: () => `n${++count}` });
}

/** The names sent and removed in the next difference; undefined when there is none. */
function sent(
  stream: DeltaStream,
  typeUrl: string,
  versions: Record<string, string>,
): { names: string[]; removed: string[] } | undefined {
  const response = stream.difference(typeUrl, '1', resources(versions));
  return (
    response && { names: response.resources.map(({ name }) => name), removed: response.removedResources }
  );
}

describe('DeltaStream', () => {
  it('sends everything to a first request without names', () => {
    const stream = numberedStream();

    const outcome = stream.onRequest(request(CLUSTER_TYPE));

    assert.deepEqual(outcome, { meaning: 'subscribe', due: true });
    assert.deepEqual(sent(stream, CLUSTER_TYPE, { a: '1', b: '1' }), { names: ['a', 'b'], removed: [] });
  });

  it('answers a first request even when there is nothing, then stays silent', () => {
    const stream = numberedStream();
    stream.onRequest(request(CLUSTER_TYPE));

    assert.deepEqual(sent(stream, CLUSTER_TYPE, {}), { names: [], removed: [] });
    assert.equal(sent(stream, CLUSTER_TYPE, {}), undefined);
  });

  it('sends only what changed and what is gone', () => {
    const stream = numberedStream();
    stream.onRequest(request(CLUSTER_TYPE));
    sent(stream, CLUSTER_TYPE, { a: '1', b: '1', c: '1' });

    const difference = sent(stream, CLUSTER_TYPE, { a: '1', b: '2', d: '1' });

    assert.deepEqual(difference, { names: ['b', 'd'], removed: ['c'] });
  });

  it('spares a returning client what it already holds', () => {
    const stream = numberedStream();
    stream.onRequest(
      request(CLUSTER_TYPE, { initialResourceVersions: { a: '1', b: '1', gone: '1' }, responseNonce: 'old' }),
    );

    const difference = sent(stream, CLUSTER_TYPE, { a: '1', b: '2' });

    assert.deepEqual(difference, { names: ['b'], removed: ['gone'] });
  });

  it('reports a name that does not exist as removed, and sends it once it does', () => {
    const stream = numberedStream();
    stream.onRequest(request(ENDPOINT_TYPE, { resourceNamesSubscribe: ['a'] }));

    assert.deepEqual(sent(stream, ENDPOINT_TYPE, {}), { names: [], removed: ['a'] });
    assert.deepEqual(sent(stream, ENDPOINT_TYPE, { a: '1' }), { names: ['a'], removed: [] });
  });

  it('sends a resource again when it is subscribed again', () => {
    const stream = numberedStream();
    stream.onRequest(request(ENDPOINT_TYPE, { resourceNamesSubscribe: ['a'] }));
    sent(stream, ENDPOINT_TYPE, { a: '1' });

    const outcome = stream.onRequest(request(ENDPOINT_TYPE, { resourceNamesSubscribe: ['a'] }));

    assert.equal(outcome.due, true);
    assert.deepEqual(sent(stream, ENDPOINT_TYPE, { a: '1' }), { names: ['a'], removed: [] });
  });

  it('sends nothing of a name that was unsubscribed', () => {
    const stream = numberedStream();
    stream.onRequest(request(ENDPOINT_TYPE, { resourceNamesSubscribe: ['a', 'b'] }));
    sent(stream, ENDPOINT_TYPE, { a: '1', b: '1' });

    const outcome = stream.onRequest(request(ENDPOINT_TYPE, { resourceNamesUnsubscribe: ['b'] }));

    assert.equal(outcome.due, false);
    assert.deepEqual(sent(stream, ENDPOINT_TYPE, { a: '2' }), { names: ['a'], removed: [] });
  });

  it('forgets a type whose last name was unsubscribed', () => {
    const stream = numberedStream();
    stream.onRequest(request(ENDPOINT_TYPE, { resourceNamesSubscribe: ['a'] }));

    const outcome = stream.onRequest(request(ENDPOINT_TYPE, { resourceNamesUnsubscribe: ['a'] }));

    assert.deepEqual(outcome, { meaning: 'unsubscribe', due: false });
    assert.equal(stream.difference(ENDPOINT_TYPE, '1', resources({ a: '1' })), undefined);
  });

  it('tells a wildcard client about a name it unsubscribes from', () => {
    const stream = numberedStream();
    stream.onRequest(request(CLUSTER_TYPE, { resourceNamesSubscribe: ['*', 'a', 'b'] }));
    sent(stream, CLUSTER_TYPE, { a: '1' });

    const outcome = stream.onRequest(request(CLUSTER_TYPE, { resourceNamesUnsubscribe: ['a', 'b'] }));

    assert.equal(outcome.due, true);
    assert.deepEqual(sent(stream, CLUSTER_TYPE, { a: '1' }), { names: ['a'], removed: ['b'] });
  });

  it('keeps the named resources when the wildcard is given up', () => {
    const stream = numberedStream();
    stream.onRequest(request(CLUSTER_TYPE, { resourceNamesSubscribe: ['*', 'a'] }));
    sent(stream, CLUSTER_TYPE, { a: '1', b: '1' });

    stream.onRequest(request(CLUSTER_TYPE, { resourceNamesUnsubscribe: ['*'] }));

    assert.deepEqual(sent(stream, CLUSTER_TYPE, { a: '2', b: '2' }), { names: ['a'], removed: [] });
  });

  it('tells ack, nack and stale answers apart', () => {
    const stream = numberedStream();
    const errorDetail = { code: 13, message: 'no' };
    stream.onRequest(request(CLUSTER_TYPE));
    sent(stream, CLUSTER_TYPE, { a: '1' });
    sent(stream, CLUSTER_TYPE, { a: '2' });

    const stale = stream.onRequest(request(CLUSTER_TYPE, { responseNonce: 'n1' }));
    const nack = stream.onRequest(request(CLUSTER_TYPE, { responseNonce: 'n2', errorDetail }));
    const refusal = stream.watch(CLUSTER_TYPE)?.refusal;
    const ack = stream.onRequest(request(CLUSTER_TYPE, { responseNonce: 'n2' }));

    assert.deepEqual(stale, { meaning: 'stale', due: false });
    assert.deepEqual(nack, { meaning: 'nack', due: false });
    assert.deepEqual(refusal, errorDetail);
    assert.deepEqual(ack, { meaning: 'ack', due: false });
    assert.equal(stream.watch(CLUSTER_TYPE)?.nonceAcked, 'n2');
  });

  it('does not send a refused resource again before it changes', () => {
    const stream = numberedStream();
    stream.onRequest(request(CLUSTER_TYPE));
    sent(stream, CLUSTER_TYPE, { a: '1' });
    stream.onRequest(
      request(CLUSTER_TYPE, { responseNonce: 'n1', errorDetail: { code: 13, message: 'no' } }),
    );

    assert.equal(sent(stream, CLUSTER_TYPE, { a: '1' }), undefined);
    assert.deepEqual(sent(stream, CLUSTER_TYPE, { a: '2' }), { names: ['a'], removed: [] });
  });

  it('honours a subscription that arrives with a stale nonce', () => {
    const stream = numberedStream();
    stream.onRequest(request(ENDPOINT_TYPE, { resourceNamesSubscribe: ['a'] }));
    sent(stream, ENDPOINT_TYPE, { a: '1' });
    sent(stream, ENDPOINT_TYPE, { a: '2' });

    const outcome = stream.onRequest(
      request(ENDPOINT_TYPE, { resourceNamesSubscribe: ['b'], responseNonce: 'n1' }),
    );

    assert.deepEqual(outcome, { meaning: 'stale', due: true });
    assert.deepEqual(sent(stream, ENDPOINT_TYPE, { a: '2', b: '1' }), { names: ['b'], removed: [] });
  });

  it('repeats unchanged resources on demand', () => {
    const stream = numberedStream();
    stream.onRequest(request(ENDPOINT_TYPE, { resourceNamesSubscribe: ['a'] }));
    sent(stream, ENDPOINT_TYPE, { a: '1' });

    stream.resend(ENDPOINT_TYPE);

    assert.deepEqual(sent(stream, ENDPOINT_TYPE, { a: '1' }), { names: ['a'], removed: [] });
  });
});
