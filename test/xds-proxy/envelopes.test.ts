import { deepEqual, equal } from 'node:assert/strict';

import * as fc from 'fast-check';

import { answer, readRequest, readResponse, subscription, type Kind } from '../../src/xds-proxy/envelopes.ts';
import { CLUSTER_TYPE, NAME_TABLE_TYPE } from '../../src/xds/type-urls.ts';
import { decodeRequest, messages, requestBytes, responseBytes } from './messages.ts';
import { anyFields, fieldBytes } from './wire-messages.ts';

const KINDS: readonly Kind[] = ['sotw', 'delta'];

for (const kind of KINDS) {
  describe(`envelopes, ${kind}`, () => {
    it('reads type, nonce and refusal of a request', () => {
      const errorDetail = { code: 3, message: 'no such cluster' };
      const nack = requestBytes(kind, CLUSTER_TYPE, { versionInfo: 'v1', responseNonce: 'n1', errorDetail });
      const unspoken = requestBytes(kind, CLUSTER_TYPE, { errorDetail: { code: 3, message: '' } });

      deepEqual(readRequest(kind, nack), {
        typeUrl: CLUSTER_TYPE,
        responseNonce: 'n1',
        refusal: 'no such cluster',
      });
      equal(readRequest(kind, unspoken).refusal, '');
      equal(readRequest(kind, requestBytes(kind, CLUSTER_TYPE)).refusal, undefined);
    });

    it('reads a response: counts resources, unpacks only the first, takes the last of repeated fields', () => {
      const values = [Buffer.from('one'), Buffer.from('two')];
      const bytes = Buffer.concat([
        responseBytes(kind, 'replaced', { version: 'v0', nonce: 'n0', values: [] }),
        responseBytes(kind, CLUSTER_TYPE, { version: 'v2', nonce: 'n2', values }),
      ]);

      const { firstResource, ...rest } = readResponse(kind, bytes);

      deepEqual(rest, { typeUrl: CLUSTER_TYPE, version: 'v2', nonce: 'n2', resourceCount: 2 });
      equal(firstResource?.toString(), 'one');
      equal(firstResource?.buffer, bytes.buffer, 'no copy is made');
    });

    it('reads what the protobuf library reads, whatever unknown fields stand between', () => {
      const parts = fc.record({ typeUrl: fc.string(), nonce: fc.string(), version: fc.string() });
      fc.assert(
        fc.property(parts, anyFields(20), anyFields(20), ({ typeUrl, nonce, version }, before, after) => {
          const among = (bytes: Buffer): Buffer =>
            Buffer.concat([fieldBytes(before), bytes, fieldBytes(after)]);
          const request = among(requestBytes(kind, typeUrl, { responseNonce: nonce }));
          const response = among(responseBytes(kind, typeUrl, { version, nonce }));

          const asked = readRequest(kind, request);
          const told = readResponse(kind, response);

          const decoded = decodeRequest(kind, request);
          deepEqual([asked.typeUrl, asked.responseNonce], [decoded.typeUrl, decoded.responseNonce]);
          deepEqual([told.typeUrl, told.nonce, told.version], [typeUrl, nonce, version]);
          equal(told.resourceCount, 1);
        }),
      );
    });

    it('makes a subscription that names nothing but the type', () => {
      const bytes = subscription(kind, NAME_TABLE_TYPE);

      const tag = kind === 'sotw' ? 0x22 : 0x12;
      deepEqual(bytes, Buffer.from([tag, NAME_TABLE_TYPE.length, ...Buffer.from(NAME_TABLE_TYPE)]));
    });

    it('makes answers that accept or refuse a response', () => {
      const response = readResponse(kind, responseBytes(kind, CLUSTER_TYPE, { version: 'v3', nonce: 'n3' }));

      const ack = decodeRequest(kind, answer(kind, response));
      const nack = decodeRequest(kind, answer(kind, response, 'bad'));

      for (const request of [ack, nack]) {
        deepEqual([request.typeUrl, request.responseNonce], [CLUSTER_TYPE, 'n3']);
        equal(request.versionInfo, kind === 'sotw' ? 'v3' : undefined);
      }
      equal(ack.errorDetail, null);
      deepEqual(nack.errorDetail, { code: 13, message: 'bad' });
    });
  });
}

describe('envelopes, delta', () => {
  it('takes a resource without a body for an empty message', () => {
    const resources = [{ version: '', name: 'a' }];
    const bytes = messages.deltaDiscoveryResponse.encode({
      systemVersionInfo: '',
      resources,
      typeUrl: NAME_TABLE_TYPE,
      nonce: '',
      removedResources: [],
    });

    equal(readResponse('delta', bytes).firstResource?.length, 0);
  });
});
