// `status-classification.json`: each ending through the product's classes, and those that a control plane can bring about
// also over a real stream: what Envoy is told, how loudly it is logged and what is counted.

import assert from 'node:assert/strict';

import { status as Status } from '@grpc/grpc-js';

import { Ending, type EndingClass } from '../../../src/xds-proxy/endings.ts';
import { ClientStream } from '../../xds-proxy/envoy-client.ts';
import { startControlPlane } from '../../xds-proxy/control-plane.ts';
import { startProxy } from '../../xds-proxy/started-proxy.ts';
import type { ConformanceCase } from '../case.ts';
import { assertKnown } from './vocabulary.ts';

interface StatusCase {
  readonly id: string;
  readonly source: 'either' | 'upstream' | 'downstream';
  readonly code: Status;
  readonly details: string;
  readonly class: EndingClass;
  readonly toOtherSide: { readonly code: number };
}

const KNOWN = ['id', 'source', 'code', 'details', 'class', 'toOtherSide', 'note'];

export function* endingCases(cases: readonly StatusCase[]): Iterable<ConformanceCase> {
  for (const each of cases) {
    const name = `${each.id} ${each.source} ${each.code} ${each.details}`;
    yield { name, run: async () => check(each) };
    // A client has no status of its own to send: it can only cancel.
    if (each.source !== 'downstream') yield { name: `${name}, served`, run: () => checkServed(each) };
  }
}

function check(each: StatusCase): void {
  assertKnown(each, KNOWN);
  const { source, code, details, toOtherSide, ...expected } = each;
  assertKnown(toOtherSide, ['code']);
  assert.match(source, /^(?:either|upstream|downstream)$/);
  for (const side of source === 'either' ? (['upstream', 'downstream'] as const) : [source]) {
    const ending = new Ending(side, code, details);
    assert.deepEqual(
      { class: ending.class, code: ending.code },
      { class: expected.class, code: toOtherSide.code },
    );
  }
}

async function checkServed({ code, details, toOtherSide, ...expected }: StatusCase): Promise<void> {
  await using control = await startControlPlane();
  await using started = await startProxy(control.address);
  using client = new ClientStream(started.socketPath);

  (await control.streams.next()).end(code === Status.OK ? undefined : { code, details });
  const status = await client.status;

  assert.equal(status.code, toOtherSide.code);
  if (code !== Status.OK) assert.equal(status.details, details);
  const isUnexpected = expected.class === 'unexpected';
  const level = isUnexpected ? 'warn' : 'debug';
  const text = isUnexpected ? 'upstream terminated with unexpected error' : 'upstream terminated with status';
  const lines = started.log.messages(level).filter((message) => message.startsWith(text));
  assert.equal(lines.length, 1, started.log.messages().join('\n'));
  assert.deepEqual(
    started.counted.filter((name) => name.startsWith('upstreamEnded')),
    [`upstreamEnded:${isUnexpected ? 'error' : 'cancelled'}`],
  );
}
