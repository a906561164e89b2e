// Cases about what makes a pod ready, in the reference's words: a status server over sockets, with a fake admin behind it.

import assert from 'node:assert/strict';

import { startStatus } from '../../status/fixtures/status-fixture.ts';
import type { ConformanceCase } from '../case.ts';
import type { Load } from '../status.ts';

interface ReadyCase {
  readonly name: string;
  /** The body of every answer of Envoy's admin. */
  readonly stats: string;
  /** Exact; null: ready. */
  readonly error?: string | null;
  readonly errorPrefix?: string;
  readonly errorContains?: string;
}

const NOT_READY = 'Envoy proxy is NOT ready: ';

export async function* readinessCases(load: Load): AsyncIterable<ConformanceCase> {
  for (const ready of await load<readonly ReadyCase[]>('ready-cases.json')) {
    yield { name: `ready: ${ready.name}`, run: () => check(ready) };
  }
}

async function check(expected: ReadyCase): Promise<void> {
  await using status = await startStatus();
  status.admin.page = expected.stats;

  const answer = await fetch(`${status.url}/healthz/ready`);
  const body = await answer.text();
  const [logged] = status.logged.messages('warn');
  const verbose = await (await fetch(`${status.url}/healthz/ready?verbose`)).text();
  const debug = (await (await fetch(`${status.url}/debug/readyz`)).json()) as DebugPage;

  assert.equal(answer.status, expected.error === null ? 200 : 503);
  assert.equal(body, '');
  assert.equal(debug.ready, expected.error === null);
  if (expected.error === null) return assert.equal(logged, undefined);
  assert.ok(logged?.startsWith(NOT_READY), logged);
  const reason = logged?.slice(NOT_READY.length) ?? '';
  checkReason(expected, reason);
  assert.equal(debug.checks.find(({ ok }) => !ok)?.reason, reason);
  assert.match(verbose, /^failed envoy-/m);
}

interface DebugPage {
  readonly ready: boolean;
  readonly checks: readonly { readonly ok: boolean; readonly reason: string | null }[];
}

function checkReason({ error, errorPrefix, errorContains }: ReadyCase, reason: string): void {
  if (typeof error === 'string') assert.equal(reason, error);
  if (errorPrefix !== undefined) assert.ok(reason.startsWith(errorPrefix), reason);
  if (errorContains !== undefined) assert.ok(reason.includes(errorContains), reason);
}
