// Lets cases that are whole processes run beside each other, although the runner takes them one by one.

import type { ConformanceCase } from './case.ts';

/** The same cases, each begun while the `count - 1` before it are still running. */
export async function* ahead(
  cases: AsyncIterable<ConformanceCase> | Iterable<ConformanceCase>,
  count: number,
): AsyncIterable<ConformanceCase> {
  const begun: ConformanceCase[] = [];
  for await (const { name, run } of cases) {
    const result = run();
    result.catch(() => undefined); // the runner sees it when it takes the case
    begun.push({ name, run: () => result });
    if (begun.length >= count) yield* begun.splice(0, 1);
  }
  yield* begun;
}
