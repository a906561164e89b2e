// What a test keeps alive in buffers.

import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Each collection finishes what the one before left to another thread. */
const COLLECTIONS = 3;

/** Bytes of all buffers of the process that something still refers to. */
export function heldBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let count = 0; count < COLLECTIONS; count += 1) collect();
  return process.memoryUsage().arrayBuffers;
}
