import { deepEqual, equal } from 'node:assert/strict';

import { AckLedger } from '../../src/xds-proxy/ack-ledger.ts';
import { CLUSTER_TYPE } from '../../src/xds/type-urls.ts';

const request = (responseNonce: string, refusal?: string) => ({
  typeUrl: CLUSTER_TYPE,
  responseNonce,
  refusal,
});

const response = (version: string, nonce: string) => ({
  typeUrl: CLUSTER_TYPE,
  version,
  nonce,
  resourceCount: 0,
  firstResource: undefined,
});

describe('AckLedger', () => {
  it('takes a type as accepted only by an answer to its last response', () => {
    const ledger = new AckLedger();
    const acked = (): boolean | undefined => ledger.snapshot()[CLUSTER_TYPE]?.acked;

    ledger.onRequest(request(''));
    ledger.onResponse(response('v1', 'n1'));
    const unanswered = acked();
    ledger.onRequest(request('n1'));
    const accepted = acked();
    ledger.onResponse(response('v2', 'n2'));
    ledger.onRequest(request('n1'));
    const stale = acked();
    ledger.onRequest(request('n2'));
    ledger.onRequest(request(''));

    deepEqual([unanswered, accepted, stale], [false, true, false]);
    deepEqual(ledger.snapshot(), {
      [CLUSTER_TYPE]: { requested: true, lastVersion: 'v2', lastNonce: 'n2', acked: true },
    });
  });

  it("keeps the client's refusal until the next response, and tells it apart from its repetition", () => {
    const ledger = new AckLedger();
    ledger.onResponse(response('v1', 'n1'));

    const first = ledger.onRequest(request('n1', 'no'));
    const again = ledger.onRequest(request('n1', 'no'));
    const kept = ledger.snapshot()[CLUSTER_TYPE];
    ledger.onResponse(response('v2', 'n2'));

    deepEqual([first, again], [true, false]);
    deepEqual([kept?.acked, kept?.nackMessage], [false, 'no']);
    equal(ledger.snapshot()[CLUSTER_TYPE]?.nackMessage, undefined);
  });
});
