// `tokens`: what a token says of its end, one warning when that is past, and that it is read as it is all the same.

import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { FileToken } from '../../../src/security/upstream/file-token.ts';
import { tokenClaims } from '../../../src/security/upstream/jwt.ts';
import { FakeClock } from '../../support/fake-clock.ts';
import { recordingLog } from '../../support/recording-log.ts';
import type { ConformanceCase } from '../case.ts';

export async function* tokenCases(directory: string, folder: string): AsyncIterable<ConformanceCase> {
  for (const entry of (await readdir(join(directory, folder))).toSorted()) {
    const name = join(folder, entry);
    yield { name: `token: ${name}`, run: () => checkToken(join(directory, name)) };
  }
}

async function checkToken(path: string): Promise<void> {
  const token = (await readFile(path, 'utf8')).trim();
  const payload = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
    exp?: number;
  };
  const endMs = payload.exp === undefined ? undefined : payload.exp * 1000;
  assert.equal(tokenClaims(token)?.expiresMs, endMs);
  if (endMs === undefined) return;
  const { log, messages } = recordingLog();
  for (const [nowMs, warnings] of [
    [endMs - 1000, 0],
    [endMs + 1000, 1],
  ] as const) {
    const file = new FileToken({ path, clock: new FakeClock(nowMs), log });
    assert.equal(await file.read(), token);
    assert.equal(await file.read(), token);
    assert.equal(file.expiresMs, endMs);
    assert.equal(messages('warn').length, warnings);
  }
  assert.ok(messages().every((message) => !message.includes(token)));
}
