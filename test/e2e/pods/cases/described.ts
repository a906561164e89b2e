// Rows of the table as tests of mocha: the pods run before them, side by side, and each expectation becomes a test.

import { fail, ok } from 'node:assert/strict';

import { whatIsMissing } from '../podman/requirements.ts';
import type { PodCase } from './expectations.ts';
import type { Results } from './results.ts';
import { runTable } from './run-table.ts';

/** @param timeoutMs for all pods together, without the building of images */
export function describePods(
  title: string,
  rows: readonly PodCase[],
  options: { readonly injected: string | undefined; readonly timeoutMs: number },
): void {
  const obstacle = whatIsMissing();
  describe(title, function () {
    if (obstacle !== undefined) {
      if (process.env.CI === 'true') it('run', () => fail(obstacle));
      else console.log(`    pods are not run: ${obstacle}`);
      return;
    }
    let results: Results;

    before(async function () {
      this.timeout(options.timeoutMs);
      results = await runTable(rows, options.injected, () => undefined);
    });

    rows.forEach(({ name, source, expects, expectsAtItsEnd }, index) => {
      describe(`the pod ${name} (${source})`, () => {
        for (const expectation of [...expects, ...expectsAtItsEnd]) {
          it(expectation, () => {
            const found = results.pods[index]?.expectations.find((each) => each.name === expectation);

            ok(found?.passed, found?.detail);
          });
        }
      });
    });
  });
}
