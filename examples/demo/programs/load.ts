// The client's ordinary program: asks a URL all the time, over kept connections and over new ones, and writes what
// came of it as a line of JSON, a few times a second and at the end.
//
//   node load.ts <url>

import { Agent, get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

const KEEP_ALIVE_CLIENTS = 6;
const ONE_SHOT_CLIENTS = 2;
const PAUSE_MS = 10;
const REPORT_MS = 200;
const TIMEOUT_MS = 10_000;

const url = process.argv[2] ?? '';
const counts = { sent: 0, ok: 0, failed: 0, reasons: {} as Record<string, number> };
const stopped = new AbortController();

function ask(agent: Agent | false): Promise<void> {
  return new Promise((resolve) => {
    let open = true;
    const settle = (failure: string | undefined): void => {
      if (!open) return; // a cut answer is reported twice, by the answer and by the request
      open = false;
      if (failure === undefined) counts.ok += 1;
      else fail(failure);
      resolve();
    };
    counts.sent += 1;
    const request = get(url, { agent, timeout: TIMEOUT_MS }, (response) => {
      response.resume();
      response.once('error', (error) => settle(`answer cut: ${error.message}`));
      response.once('end', () => settle(response.statusCode === 200 ? undefined : `${response.statusCode}`));
    });
    request.once('timeout', () => request.destroy(new Error('no answer')));
    request.once('error', (error) => settle(error.message));
  });
}

function fail(reason: string): void {
  counts.failed += 1;
  counts.reasons[reason] = (counts.reasons[reason] ?? 0) + 1;
}

async function client(agent: Agent | false): Promise<void> {
  while (!stopped.signal.aborted) {
    await ask(agent);
    await delay(PAUSE_MS);
  }
  if (agent !== false) agent.destroy();
}

function report(): void {
  process.stdout.write(`${JSON.stringify(counts)}\n`);
}

process.once('SIGTERM', () => stopped.abort());
const timer = setInterval(report, REPORT_MS);
await Promise.all([
  ...Array.from({ length: KEEP_ALIVE_CLIENTS }, () => client(new Agent({ keepAlive: true, maxSockets: 1 }))),
  ...Array.from({ length: ONE_SHOT_CLIENTS }, () => client(false)),
]);
clearInterval(timer);
report();
