import { deepEqual, equal } from 'node:assert/strict';

import { AckLedger } from '../../src/xds-proxy/ack-ledger.ts';
import { CLUSTER_TYPE } from '../../src/xds/type-urls.ts';
import { FakeClock } from '../support/fake-clock.ts';

const SIZE_BYTES = 1234;

const request = (responseNonce: string, refusal?: string) => ({
  typeUrl: CLUSTER_TYPE,
  responseNonce,
  refusal,
});

const response = (version: string, nonce: string, typeUrl = CLUSTER_TYPE) => ({
  typeUrl,
  version,
  nonce,
  resourceCount: 0,
  firstResource: undefined,
});

describe('AckLedger', () => {
  it('takes a type as accepted only by an answer to its last response', () => {
    const ledger = new AckLedger(new FakeClock());
    const acked = (): boolean | undefined => ledger.snapshot()[CLUSTER_TYPE]?.acked;

    ledger.onRequest(request(''));
    ledger.onResponse(response('v1', 'n1'), SIZE_BYTES);
    const unanswered = acked();
    ledger.onRequest(request('n1'));
    const accepted = acked();
    ledger.onResponse(response('v2', 'n2'), SIZE_BYTES);
    ledger.onRequest(request('n1'));
    const stale = acked();
    ledger.onRequest(request('n2'));
    ledger.onRequest(request(''));

    deepEqual([unanswered, accepted, stale, acked()], [false, true, false, true]);
  });

  it('knows when a response came, its size, and how long its answer took', async () => {
    const clock = new FakeClock(Date.UTC(2026, 4, 1));
    const ledger = new AckLedger(clock);

    await clock.tick(1000);
    ledger.onResponse(response('v1', 'n1'), SIZE_BYTES);
    await clock.tick(250);
    const verdict = ledger.onRequest(request('n1'));

    deepEqual(verdict, { accepted: true, afterMs: 250 });
    deepEqual(ledger.snapshot(), {
      [CLUSTER_TYPE]: {
        requested: true,
        lastVersion: 'v1',
        lastNonce: 'n1',
        acked: true,
        sizeBytes: SIZE_BYTES,
        receivedAt: new Date(Date.UTC(2026, 4, 1) + 1000),
        answeredAfterMs: 250,
      },
    });
  });

  it('hears an answer once, and none in a request without a nonce or with one it never gave', () => {
    const ledger = new AckLedger(new FakeClock());
    ledger.onResponse(response('v0', ''), SIZE_BYTES);
    ledger.onResponse(response('v1', 'n1'), SIZE_BYTES);

    const verdicts = ['', 'n0', 'n1', 'n1'].map((nonce) => ledger.onRequest(request(nonce))?.accepted);

    deepEqual(verdicts, [undefined, undefined, true, undefined]);
  });

  it('hears also what is said of a response that has a successor, and takes it for no word on that one', async () => {
    const clock = new FakeClock();
    const ledger = new AckLedger(clock);

    for (const nonce of ['n1', 'n2', 'n3']) {
      ledger.onResponse(response('v', nonce), SIZE_BYTES);
      await clock.tick(10);
    }
    const verdicts = [ledger.onRequest(request('n1', 'no')), ledger.onRequest(request('n2'))];
    const state = ledger.snapshot()[CLUSTER_TYPE];

    deepEqual(verdicts, [
      { accepted: false, afterMs: 30 },
      { accepted: true, afterMs: 20 },
    ]);
    deepEqual([state?.acked, state?.nackMessage, state?.answeredAfterMs], [false, undefined, undefined]);
  });

  it('waits for no more than 64 answers of a type, the newest', () => {
    const ledger = new AckLedger(new FakeClock());

    for (let n = 0; n <= 64; n++) ledger.onResponse(response('v', `n${n}`), SIZE_BYTES);

    const verdicts = ['n0', 'n1', 'n64'].map((nonce) => ledger.onRequest(request(nonce))?.accepted);
    deepEqual(verdicts, [undefined, true, true]);
  });

  it('keeps a refusal until the next response, though its nonce comes again with a changed subscription', () => {
    const ledger = new AckLedger(new FakeClock());
    ledger.onResponse(response('v1', 'n1'), SIZE_BYTES);

    const refused = ledger.onRequest(request('n1', 'no'));
    const subscribed = ledger.onRequest(request('n1'));
    const kept = ledger.snapshot()[CLUSTER_TYPE];
    ledger.onResponse(response('v2', 'n2'), SIZE_BYTES);

    deepEqual([refused?.accepted, subscribed], [false, undefined]);
    deepEqual([kept?.acked, kept?.nackMessage], [false, 'no']);
    equal(ledger.snapshot()[CLUSTER_TYPE]?.nackMessage, undefined);
  });

  it('writes no more than 64 types down, however many are made up', () => {
    const ledger = new AckLedger(new FakeClock());

    for (let n = 0; n < 1000; n++) ledger.onResponse(response('v', 'n', `made.up/${n}`), SIZE_BYTES);
    ledger.onResponse(response('v2', 'n2', 'made.up/0'), SIZE_BYTES);

    equal(Object.keys(ledger.snapshot()).length, 64);
    equal(ledger.snapshot()['made.up/0']?.lastVersion, 'v2');
  });
});
