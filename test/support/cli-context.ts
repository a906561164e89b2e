// A CliContext without a process: words in, what was written out.

import { Writable } from 'node:stream';

import type { CliContext } from '../../src/cli/context.ts';

export interface RecordingContext {
  readonly context: CliContext;
  /** Everything written so far. */
  readonly stdout: () => string;
  /** Standard output as bytes. */
  readonly written: () => Buffer;
  readonly stderr: () => string;
  readonly stop: AbortController;
}

export function recordingContext(
  argv: readonly string[] = [],
  env: CliContext['env'] = {},
): RecordingContext {
  const out = recorder();
  const err = recorder();
  const stop = new AbortController();
  return {
    context: {
      argv,
      env,
      stdout: out.stream,
      stderr: err.stream,
      signal: stop.signal,
      onSignal: () => () => undefined,
      onExit: () => undefined,
    },
    stdout: () => out.bytes().toString('utf8'),
    written: out.bytes,
    stderr: () => err.bytes().toString('utf8'),
    stop,
  };
}

function recorder(): { readonly stream: Writable; readonly bytes: () => Buffer } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, bytes: () => Buffer.concat(chunks) };
}
