// A program from elsewhere that judges what we made. Where it is missing a test says so and is skipped; where
// everything is installed for the tests (CI=true) it fails instead.

import type { Context } from 'mocha';

/**
 * What `find` finds, for a hook or a test.
 *
 * @param find rejects with one line that says what is missing
 * @throws that line, with CI=true
 */
export async function judgeOrSkip<T>(test: Context, find: () => Promise<T>): Promise<T> {
  try {
    return await find();
  } catch (error) {
    if (process.env.CI === 'true') throw error;
    console.log(`      skipped: ${error instanceof Error ? error.message : String(error)}`);
    return test.skip();
  }
}
