// What a case says is either understood or fails it.

import assert from 'node:assert/strict';

/** @throws AssertionError naming the members that nobody has a rule for */
export function assertKnown(given: object, known: readonly string[]): void {
  const unknown = Object.keys(given).filter((member) => !known.includes(member));
  assert.deepEqual(unknown, [], 'members without a rule');
}
