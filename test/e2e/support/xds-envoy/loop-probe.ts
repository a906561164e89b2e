// Preloaded into a process under measurement: tells on a Unix socket how long its event loop was busy at a stretch.
// Time on the processor is told beside the time of the clock, because the latter contains what other processes took.

import { createServer } from 'node:net';

export interface LoopDelay {
  /** Longest stretch between two turns of the event loop since the last question, milliseconds of the clock. */
  readonly wallMs: number;
  /** Likewise, as the processor was used by the main thread. */
  readonly busyMs: number;
}

const INTERVAL_MS = 1;

const path = process.env.LOOP_PROBE_SOCKET ?? '';
let [wallMs, busyMs] = [0, 0];
let [lastWallMs, lastBusyMs] = [performance.now(), threadMs()];

setInterval(() => {
  const [nowWallMs, nowBusyMs] = [performance.now(), threadMs()];
  wallMs = Math.max(wallMs, nowWallMs - lastWallMs);
  busyMs = Math.max(busyMs, nowBusyMs - lastBusyMs);
  [lastWallMs, lastBusyMs] = [nowWallMs, nowBusyMs];
}, INTERVAL_MS).unref();

createServer((socket) => {
  socket.end(JSON.stringify({ wallMs, busyMs } satisfies LoopDelay));
  [wallMs, busyMs] = [0, 0];
})
  .listen(path)
  .unref();

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
