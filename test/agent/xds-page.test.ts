import { deepEqual } from 'node:assert/strict';

import { xdsPage } from '../../src/agent/xds-page.ts';
import type { EnvoySnapshot } from '../../src/envoy/snapshot.ts';
import { CLUSTER_TYPE, LISTENER_TYPE, NAME_TABLE_TYPE, ROUTE_TYPE } from '../../src/xds/type-urls.ts';
import type { XdsProxySnapshot } from '../../src/xds-proxy/proxy.ts';
import { envoySnapshot, LIVE_EPOCH } from './support/envoy-snapshot.ts';

interface Page {
  readonly generations: readonly (Record<string, unknown> & { types: readonly Record<string, unknown>[] })[];
  readonly lastUpstreamError: unknown;
}

const NOW_MS = 60_000;

/** What a client reads. */
function page(xds: XdsProxySnapshot, changes: Partial<EnvoySnapshot> = {}): Page {
  return JSON.parse(JSON.stringify(xdsPage(xds, envoySnapshot(changes), NOW_MS))) as Page;
}

const ASKED = { requested: true, lastVersion: '', lastNonce: '', acked: false };
const SENT = { ...ASKED, lastVersion: 'v2', lastNonce: 'n2', sizeBytes: 500, receivedAt: new Date(30_000) };

describe('xdsPage', () => {
  it('says null for what there is not', () => {
    deepEqual(page({ generations: [] }), { generations: [], lastUpstreamError: null });
    deepEqual(page({ generations: [{ generation: 3, connected: false, perType: {} }] }).generations, [
      { generation: 3, epoch: null, connected: false, stream: null, lastEnd: null, types: [] },
    ]);
  });

  it('tells of each type what came last and the words with which it was refused, Envoy before the agent', () => {
    const perType = {
      [ROUTE_TYPE]: ASKED,
      [LISTENER_TYPE]: { ...SENT, nackMessage: 'no such filter', answeredAfterMs: 12.3456 },
      [CLUSTER_TYPE]: { ...SENT, acked: true, answeredAfterMs: 7 },
    };
    const ofAgent = { [NAME_TABLE_TYPE]: { ...SENT, acked: true, answeredAfterMs: 0 } };

    const [generation] = page({
      generations: [{ generation: 1, connected: true, perType, ofAgent }],
    }).generations;

    deepEqual(
      generation?.types.map(({ type, receiver, answer }) => [type, receiver, answer]),
      [
        ['CDS', 'envoy', 'ACK'],
        ['LDS', 'envoy', 'NACK'],
        ['RDS', 'envoy', null],
        ['NDS', 'agent', 'ACK'],
      ],
    );
    deepEqual(generation?.types[1], {
      type: 'LDS',
      typeUrl: LISTENER_TYPE,
      receiver: 'envoy',
      requested: true,
      version: 'v2',
      nonce: 'n2',
      answer: 'NACK',
      refusal: 'no such filter',
      answeredAfterMs: 12.3,
      sizeBytes: 500,
      received: '1970-01-01T00:00:30.000Z',
      ageSeconds: 30,
    });
  });

  it('tells where a stream goes, since when, and the epoch of its Envoy', () => {
    const stream = {
      id: 7,
      kind: 'delta' as const,
      openedAt: new Date(1000),
      connectedAt: new Date(2000),
      upstreamAddress: '192.0.2.1:15012',
      queuedRequests: 1,
      queuedBytes: 300,
    };
    const lastEnd = { text: 'upstream: 14 UNAVAILABLE: gone', at: new Date(500) };
    const active = { ...LIVE_EPOCH, generation: 4, epoch: 2 };

    const { generations } = page(
      { generations: [{ generation: 4, connected: true, perType: {}, stream, lastEnd }] },
      { active },
    );

    deepEqual(generations[0], {
      generation: 4,
      epoch: 2,
      connected: true,
      stream: {
        id: 7,
        kind: 'delta',
        opened: '1970-01-01T00:00:01.000Z',
        connected: '1970-01-01T00:00:02.000Z',
        controlPlane: '192.0.2.1:15012',
        queuedRequests: 1,
        queuedBytes: 300,
      },
      lastEnd: { text: 'upstream: 14 UNAVAILABLE: gone', at: '1970-01-01T00:00:00.500Z' },
      types: [],
    });
  });

  it('tells the last trouble with the control plane and when it was', () => {
    const lastUpstreamError = { text: 'connect ECONNREFUSED', at: new Date(1234) };

    deepEqual(page({ generations: [], lastUpstreamError }).lastUpstreamError, {
      text: 'connect ECONNREFUSED',
      at: '1970-01-01T00:00:01.234Z',
    });
  });
});
