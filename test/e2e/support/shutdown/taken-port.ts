// Ports are chosen before they are used, and another process may take one in between.

import { messageOf } from '../../../../src/runtime/errors.ts';

const TAKEN = /errno=98|EADDRINUSE|Address already in use/;
const TRIES = 3;

/** @param play chooses ports anew each time; what it rejects with tells what agent and Envoy have printed */
export async function withFreePorts<T>(play: () => Promise<T>): Promise<T> {
  for (let left = TRIES - 1; ; left -= 1) {
    try {
      return await play();
    } catch (error) {
      if (left === 0 || !TAKEN.test(messageOf(error))) throw error;
    }
  }
}
