// One thing that a pre-flight looked at.

import { ERROR_KINDS, type ErrorId } from '../error-ids.ts';

export interface Finding {
  readonly name: string;
  /** `warn`: a run may still succeed. */
  readonly state: 'ok' | 'warn' | 'fail';
  /** What was found, in one line. */
  readonly found: string;
  /** What kind of failure it is or would be; its remedy goes with it. */
  readonly id?: ErrorId;
}

/** The findings as lines for a reader. */
export function findingLines(findings: readonly Finding[]): readonly string[] {
  return findings.map(({ name, state, found, id }) => {
    const remedy = id === undefined ? '' : `; ${ERROR_KINDS[id].remedy} [${id}]`;
    return `${state.padEnd(5)} ${name.padEnd(12)} ${found}${remedy}`;
  });
}
