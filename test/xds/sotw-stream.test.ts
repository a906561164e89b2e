import assert from 'node:assert/strict';

import type { DiscoveryRequest } from '../../src/proto/messages.ts';
import { SotwStream } from '../../src/xds/sotw-stream.ts';
import { CLUSTER_TYPE, ENDPOINT_TYPE, LISTENER_TYPE, SECRET_TYPE } from '../../src/xds/type-urls.ts';

function request(typeUrl: string, parts: Partial<DiscoveryRequest> = {}): DiscoveryRequest {
  return { versionInfo: '', resourceNames: [], typeUrl, responseNonce: '', ...parts };
}

function numberedStream(): SotwStream {
  let count = 0;
  return new SotwStream({ nonce: () => `n${++count}` });
}

describe('SotwStream', () => {
  describe('a first request', () => {
    it('without names asks for everything of clusters and listeners', () => {
      const stream = numberedStream();

      const outcome = stream.onRequest(request(CLUSTER_TYPE));

      assert.deepEqual(outcome, { meaning: 'subscribe', send: 'all' });
      assert.equal(stream.watch(CLUSTER_TYPE)?.wildcard, true);
    });

    it('without names asks for nothing of other types', () => {
      const stream = numberedStream();

      const outcome = stream.onRequest(request(SECRET_TYPE));

      assert.deepEqual(outcome, { meaning: 'unsubscribe' });
      assert.equal(stream.watch(SECRET_TYPE), undefined);
    });

    it('gets all names it asks, also with the nonce of an earlier stream', () => {
      const stream = numberedStream();

      const outcome = stream.onRequest(
        request(SECRET_TYPE, {
          resourceNames: ['default', 'ROOTCA'],
          responseNonce: 'old',
          versionInfo: '7',
        }),
      );

      assert.deepEqual(outcome, { meaning: 'subscribe', send: ['default', 'ROOTCA'] });
    });

    it('takes the star for everything and for nothing else', () => {
      const stream = numberedStream();

      const outcome = stream.onRequest(request(LISTENER_TYPE, { resourceNames: ['*', 'extra'] }));

      assert.deepEqual(outcome, { meaning: 'subscribe', send: 'all' });
      assert.deepEqual([...(stream.watch(LISTENER_TYPE)?.names ?? [])], ['extra']);
    });
  });

  describe('an answer to a response', () => {
    function answered(names: string[]): SotwStream {
      const stream = numberedStream();
      stream.onRequest(request(ENDPOINT_TYPE, { resourceNames: names }));
      stream.respond(ENDPOINT_TYPE, '1', []);
      return stream;
    }

    it('with the same names is owed nothing', () => {
      const stream = answered(['a']);

      const outcome = stream.onRequest(request(ENDPOINT_TYPE, { resourceNames: ['a'], responseNonce: 'n1' }));

      assert.deepEqual(outcome, { meaning: 'ack' });
      assert.equal(stream.watch(ENDPOINT_TYPE)?.nonceAcked, 'n1');
    });

    it('with a further name is owed that name only', () => {
      const stream = answered(['a']);

      const outcome = stream.onRequest(
        request(ENDPOINT_TYPE, { resourceNames: ['a', 'b'], responseNonce: 'n1' }),
      );

      assert.deepEqual(outcome, { meaning: 'ack', send: ['b'] });
    });

    it('with a name less ends the watch on that name', () => {
      const stream = answered(['a', 'b']);

      const outcome = stream.onRequest(request(ENDPOINT_TYPE, { resourceNames: ['a'], responseNonce: 'n1' }));

      assert.deepEqual(outcome, { meaning: 'ack' });
      assert.equal(stream.onChange(ENDPOINT_TYPE, ['b']), undefined);
    });

    it('without names ends the watch', () => {
      const stream = answered(['a']);

      const outcome = stream.onRequest(request(ENDPOINT_TYPE, { responseNonce: 'n1' }));

      assert.deepEqual(outcome, { meaning: 'unsubscribe' });
      assert.equal(stream.watch(ENDPOINT_TYPE), undefined);
    });

    it('is stale when a newer response has been sent, and changes nothing', () => {
      const stream = answered(['a']);
      stream.respond(ENDPOINT_TYPE, '2', []);

      const outcome = stream.onRequest(
        request(ENDPOINT_TYPE, { resourceNames: ['a', 'b'], responseNonce: 'n1' }),
      );

      assert.deepEqual(outcome, { meaning: 'stale' });
      assert.deepEqual([...(stream.watch(ENDPOINT_TYPE)?.names ?? [])], ['a']);
      assert.equal(stream.watch(ENDPOINT_TYPE)?.nonceAcked, '');
    });

    it('that refuses is owed nothing, is remembered, and keeps the names', () => {
      const stream = answered(['a']);
      const errorDetail = { code: 13, message: 'bad endpoint' };

      const outcome = stream.onRequest(
        request(ENDPOINT_TYPE, { resourceNames: ['a', 'b'], responseNonce: 'n1', errorDetail }),
      );

      assert.deepEqual(outcome, { meaning: 'nack' });
      assert.deepEqual(stream.watch(ENDPOINT_TYPE)?.refusal, errorDetail);
      assert.deepEqual([...(stream.watch(ENDPOINT_TYPE)?.names ?? [])], ['a']);
    });

    it('that accepts clears an earlier refusal', () => {
      const stream = answered(['a']);
      const errorDetail = { code: 13, message: 'bad endpoint' };
      stream.onRequest(request(ENDPOINT_TYPE, { resourceNames: ['a'], responseNonce: 'n1', errorDetail }));
      stream.respond(ENDPOINT_TYPE, '2', []);

      stream.onRequest(request(ENDPOINT_TYPE, { resourceNames: ['a'], responseNonce: 'n2' }));

      assert.equal(stream.watch(ENDPOINT_TYPE)?.refusal, undefined);
    });

    it('gets the whole set of a whole-state type when it adds a name', () => {
      const stream = numberedStream();
      stream.onRequest(request(CLUSTER_TYPE, { resourceNames: ['a'] }));
      stream.respond(CLUSTER_TYPE, '1', []);

      const outcome = stream.onRequest(
        request(CLUSTER_TYPE, { resourceNames: ['a', 'b'], responseNonce: 'n1' }),
      );

      assert.deepEqual(outcome, { meaning: 'ack', send: ['a', 'b'] });
    });

    it('without names after names is no wildcard', () => {
      const stream = numberedStream();
      stream.onRequest(request(CLUSTER_TYPE, { resourceNames: ['a'] }));
      stream.respond(CLUSTER_TYPE, '1', []);

      const outcome = stream.onRequest(request(CLUSTER_TYPE, { responseNonce: 'n1' }));

      assert.deepEqual(outcome, { meaning: 'unsubscribe' });
    });
  });

  describe('a change of resources', () => {
    it('sends only the watched names that changed', () => {
      const stream = numberedStream();
      stream.onRequest(request(SECRET_TYPE, { resourceNames: ['default'] }));

      assert.deepEqual(stream.onChange(SECRET_TYPE, ['default', 'ROOTCA']), ['default']);
      assert.equal(stream.onChange(SECRET_TYPE, ['ROOTCA']), undefined);
    });

    it('sends all of a wildcard type, also when something was only removed', () => {
      const stream = numberedStream();
      stream.onRequest(request(CLUSTER_TYPE));

      assert.equal(stream.onChange(CLUSTER_TYPE, ['new']), 'all');
      assert.equal(stream.onChange(CLUSTER_TYPE, [], ['gone']), 'all');
      assert.equal(stream.onChange(CLUSTER_TYPE, []), undefined);
    });

    it('sends nothing for a removal that the type cannot express', () => {
      const stream = numberedStream();
      stream.onRequest(request(ENDPOINT_TYPE, { resourceNames: ['a'] }));

      assert.equal(stream.onChange(ENDPOINT_TYPE, [], ['a']), undefined);
    });

    it('sends nothing of a type nobody watches', () => {
      assert.equal(numberedStream().onChange(CLUSTER_TYPE, ['a']), undefined);
    });
  });

  it('keeps the types of one stream apart', () => {
    const stream = numberedStream();
    stream.onRequest(request(CLUSTER_TYPE));
    stream.onRequest(request(ENDPOINT_TYPE, { resourceNames: ['a'] }));
    stream.respond(CLUSTER_TYPE, '1', []);
    stream.respond(ENDPOINT_TYPE, '1', []);

    const clusters = stream.onRequest(request(CLUSTER_TYPE, { responseNonce: 'n1' }));
    const endpoints = stream.onRequest(request(ENDPOINT_TYPE, { resourceNames: ['a'], responseNonce: 'n1' }));

    assert.equal(clusters.meaning, 'ack');
    assert.equal(endpoints.meaning, 'stale');
  });

  it('fills in type, version and a new nonce for each response', () => {
    const stream = numberedStream();
    stream.onRequest(request(CLUSTER_TYPE));
    const resource = { typeUrl: CLUSTER_TYPE, value: new Uint8Array([1]) };

    const first = stream.respond(CLUSTER_TYPE, 'v1', [resource]);
    const second = stream.respond(CLUSTER_TYPE, 'v2', []);

    assert.deepEqual(first, {
      versionInfo: 'v1',
      resources: [resource],
      typeUrl: CLUSTER_TYPE,
      nonce: 'n1',
    });
    assert.equal(second.nonce, 'n2');
  });
});
