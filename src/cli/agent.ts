#!/usr/bin/env node
// The executable. It imports nothing by itself, so that an old Node can still say what it lacks; and what is slow to
// load comes after the signals are caught, because a SIGTERM that PID 1 does not catch is lost.

const major = Number(process.versions.node.split('.')[0]);
if (major < 24) {
  process.stderr.write(`agent needs Node 24 or newer; this is ${process.versions.node}\n`);
  process.exitCode = 255;
} else void start();

/** A function, because the bundle is CommonJS, which knows no await outside of one. */
async function start(): Promise<void> {
  const { catchSignals } = await import('./signals.ts');
  const signals = catchSignals(process);
  const { main } = await import('./main.ts');
  await main(signals);
}
