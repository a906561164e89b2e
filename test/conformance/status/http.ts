// Cases about who may call what, and how answers are compressed; both over sockets.

import assert from 'node:assert/strict';
import { get, type IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';

import { routes, type RouteParts } from '../../../src/status/routes.ts';
import { servingPeer } from '../../status/fixtures/peer.ts';
import { startStatus } from '../../status/fixtures/status-fixture.ts';
import type { ConformanceCase } from '../case.ts';
import type { Load } from '../status.ts';

interface AdminCase {
  readonly name: string;
  readonly endpoint: string;
  readonly method: string;
  /** Address and port of the caller. */
  readonly remote: string;
  readonly status: number;
  readonly body: string;
}

interface CompressionCase {
  readonly name: string;
  readonly acceptEncoding: string;
  readonly contentEncoding: string | null;
  readonly bodyBytes: number;
}

export async function* httpCases(load: Load): AsyncIterable<ConformanceCase> {
  for (const admin of await load<readonly AdminCase[]>('admin-cases.json')) {
    yield { name: `admin: ${admin.name}`, run: () => checkAccess(admin) };
  }
  for (const compression of await load<readonly CompressionCase[]>('compression-cases.json')) {
    yield { name: `compression: ${compression.name}`, run: () => checkCompression(compression) };
  }
}

async function checkAccess({ endpoint, method, remote, status, body }: AdminCase): Promise<void> {
  const asked: string[] = [];
  const acted = Promise.withResolvers<void>();
  const act = (name: string) => (): void => {
    asked.push(name);
    acted.resolve();
  };
  const parts = {
    actions: { quit: act('/quitquitquit'), drain: act('/drain') },
    debug: { enabled: false },
  } as unknown as RouteParts;
  await using server = await servingPeer(routes(parts), remote.replace(/:\d+$/, '').replaceAll(/[[\]]/g, ''));

  const answer = await fetch(server.url + endpoint, { method });
  const text = await answer.text();
  if (status === 200) await acted.promise;

  assert.deepEqual({ status: answer.status, body: text }, { status, body });
  assert.deepEqual(asked, status === 200 ? [endpoint] : []);
}

async function checkCompression({
  acceptEncoding,
  contentEncoding,
  bodyBytes,
}: CompressionCase): Promise<void> {
  const page = 'envoy_server_live 1\n'.repeat(Math.ceil(bodyBytes / 20));
  await using status = await startStatus();
  status.admin.page = page;

  const answer = await asked(`${status.url}/stats/prometheus`, acceptEncoding);
  const bytes = await buffer(answer);

  const coding = answer.headers['content-encoding'];
  assert.equal(coding ?? null, contentEncoding);
  assert.equal(answer.headers.vary, 'Accept-Encoding');
  assert.ok(decoded(bytes, coding).toString().endsWith(page), 'the page is the same');
}

function asked(url: string, acceptEncoding: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false, headers: { 'Accept-Encoding': acceptEncoding } }, resolve).on('error', reject);
  });
}

function decoded(bytes: Buffer, coding: string | undefined): Buffer {
  if (coding === 'gzip') return gunzipSync(bytes);
  return coding === 'zstd' ? zstdDecompressSync(bytes) : bytes;
}
