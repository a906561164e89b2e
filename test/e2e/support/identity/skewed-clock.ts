// Loaded before the agent: its wall clock is off by what a file in the working directory says, from one moment to the
// next. OpenSSL and Envoy keep the true time: what is tried is how the agent judges certificates and waits.

import { readFileSync } from 'node:fs';

/** Holds milliseconds. */
const FILE = 'clock-offset';
const LOOK_MS = 100;

const trueNow = Date.now;
let offsetMs = 0;

function look(): void {
  try {
    offsetMs = Number(readFileSync(FILE, 'utf8'));
  } catch {
    offsetMs = 0; // no such file: no offset
  }
}

look();
setInterval(look, LOOK_MS).unref();
Date.now = () => trueNow() + offsetMs;
