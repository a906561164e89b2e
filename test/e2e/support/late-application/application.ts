// An application that closes late: it calls a URL at a steady rate, and after SIGTERM a certain number of times more
// before it ends. A call is not repeated: each one that is not answered in full counts as failed.
//
//   node application.ts <ApplicationOptions as JSON>

import { Agent, get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

import { messageOf } from '../../../../src/runtime/errors.ts';

export interface ApplicationOptions {
  readonly url: string;
  /** After SIGTERM. */
  readonly requests: number;
  readonly everyMs: number;
  /** Connections are kept for the next request; else each request has its own. */
  readonly kept: boolean;
}

/** What became of the requests after SIGTERM; times are milliseconds since then. */
export interface CallReport {
  readonly requests: number;
  readonly failed: number;
  /** When the first request was sent that failed. */
  readonly firstFailureMs?: number;
  /** The first few. */
  readonly reasons: readonly string[];
  readonly tookMs: number;
}

/** What it tells its parent: once that it lives, at last what became of its requests. */
export type ApplicationMessage = 'calls' | CallReport;

const ANSWER_LIMIT_MS = 10_000;
const MAX_REASONS = 3;

const options = JSON.parse(process.argv[2] ?? '') as ApplicationOptions;
const agent = new Agent({ keepAlive: options.kept });

async function call(): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const sent = get(options.url, { agent, timeout: ANSWER_LIMIT_MS }, (response) => {
    const { statusCode } = response;
    response.once('error', reject);
    response.once('end', () => (statusCode === 200 ? resolve() : reject(new Error(`status ${statusCode}`))));
    response.resume();
  });
  sent.once('timeout', () => sent.destroy(new Error(`no answer within ${ANSWER_LIMIT_MS} ms`)));
  sent.on('error', reject);
  await promise;
}

async function closeLate(): Promise<CallReport> {
  const { requests, everyMs } = options;
  const startMs = performance.now();
  const failures: { readonly afterMs: number; readonly why: string }[] = [];
  const calls: Promise<void>[] = [];
  for (let count = 0; count < requests; count += 1) {
    await sleep(Math.max(0, startMs + count * everyMs - performance.now()));
    const afterMs = performance.now() - startMs;
    calls.push(call().catch((error: unknown) => void failures.push({ afterMs, why: messageOf(error) })));
  }
  await Promise.all(calls);
  const [first] = failures.toSorted((one, other) => one.afterMs - other.afterMs);
  return {
    requests,
    failed: failures.length,
    ...(first && { firstFailureMs: first.afterMs }),
    reasons: failures.slice(0, MAX_REASONS).map(({ why }) => why),
    tookMs: performance.now() - startMs,
  };
}

function tell(message: ApplicationMessage): void {
  process.send?.(message);
}

const stopped = new AbortController();
process.once('SIGTERM', () => stopped.abort());
process.once('disconnect', () => process.exit()); // nobody is left to report to
await call();
tell('calls');
while (!stopped.signal.aborted) {
  await call();
  await sleep(options.everyMs);
}
tell(await closeLate());
agent.destroy();
process.disconnect();
