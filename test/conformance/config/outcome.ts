// What can be expected of every reading: that it is refused with an error that says certain things, or that it is not.

import { fail, ok } from 'node:assert/strict';

import { ConfigError } from '../../../src/runtime/errors.ts';

export interface ExpectedError {
  /** Texts that the one error must hold; absent: there is none. */
  readonly error?: readonly string[];
}

/** What `read` gives; undefined when it was refused as expected. */
export async function readAsExpected<T>(
  read: () => T | Promise<T>,
  { error }: ExpectedError,
): Promise<T | undefined> {
  try {
    const value = await read();
    return error === undefined ? value : fail(`not refused: ${error.join(', ')}`);
  } catch (thrown) {
    if (error === undefined || !(thrown instanceof ConfigError)) throw thrown;
    for (const text of error) ok(thrown.message.includes(text), `"${text}" is not in: ${thrown.message}`);
    return undefined;
  }
}
