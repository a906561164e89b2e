import { deepEqual } from 'node:assert/strict';

import { rejections, xdsReadiness } from '../../src/agent/xds-state.ts';
import type { XdsProxySnapshot } from '../../src/xds-proxy/proxy.ts';
import { CLUSTER_TYPE, LISTENER_TYPE, ROUTE_TYPE } from '../../src/xds/type-urls.ts';

type GenerationState = XdsProxySnapshot['generations'][number];

const ACKED = { requested: true, lastVersion: '1', lastNonce: 'a', acked: true };
const SENT = { ...ACKED, acked: false };

const BOTH_ACKED = { [CLUSTER_TYPE]: ACKED, [LISTENER_TYPE]: ACKED };

function state(changes: Partial<GenerationState> = {}): GenerationState {
  return { generation: 1, connected: true, perType: BOTH_ACKED, ...changes };
}

function snapshot(...generations: GenerationState[]): XdsProxySnapshot {
  return { generations };
}

describe('xdsReadiness', () => {
  it('is ok when this generation is connected and accepted its clusters and listeners', () => {
    deepEqual(xdsReadiness(snapshot(state()), 1), { ok: true, reason: '' });
  });

  const cases = [
    { what: 'a generation that never opened a stream', given: snapshot(state({ generation: 2 })) },
    { what: 'a lost control plane', given: snapshot(state({ connected: false })) },
  ];
  for (const { what, given } of cases) {
    it(`waits for the control plane with ${what}`, () => {
      deepEqual(xdsReadiness(given, 1), { ok: false, reason: 'the control plane is not connected' });
    });
  }

  it('names what Envoy has not accepted yet', () => {
    const noListeners = snapshot(state({ perType: { [CLUSTER_TYPE]: ACKED } }));
    const waiting = snapshot(state({ perType: { [CLUSTER_TYPE]: SENT, [LISTENER_TYPE]: ACKED } }));

    deepEqual(xdsReadiness(noListeners, 1), {
      ok: false,
      reason: 'Envoy has not accepted its listeners yet',
    });
    deepEqual(xdsReadiness(waiting, 1), { ok: false, reason: 'Envoy has not accepted its clusters yet' });
  });

  it("repeats Envoy's words when the last update was refused, though an earlier one was accepted", () => {
    const refused = { ...ACKED, nackMessage: 'no such filter' };
    const given = snapshot(state({ perType: { [CLUSTER_TYPE]: ACKED, [LISTENER_TYPE]: refused } }));

    deepEqual(xdsReadiness(given, 1), { ok: false, reason: 'Envoy refused its listeners: no such filter' });
  });
});

describe('rejections', () => {
  const stream = { id: 1, kind: 'delta' as const, openedAt: new Date(0), queuedRequests: 0, queuedBytes: 0 };
  const refusing = (generation: number, nackMessage: string, typeUrl = LISTENER_TYPE): GenerationState =>
    state({ generation, perType: { [typeUrl]: { ...SENT, nackMessage }, [CLUSTER_TYPE]: ACKED } });

  it('lists what is refused now, whatever the type, older generations first', () => {
    const given = snapshot(
      { ...refusing(1, 'bad route', ROUTE_TYPE), stream },
      { ...refusing(2, 'bad listener'), stream },
    );

    deepEqual(rejections(given), ['bad route', 'bad listener']);
    deepEqual(rejections(snapshot(state())), []);
  });

  it('forgets an older Envoy that is gone, and keeps the words of the newest while it has no stream', () => {
    deepEqual(rejections(snapshot(refusing(1, 'of old'), refusing(2, 'of new'))), ['of new']);
  });
});
