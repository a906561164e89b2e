// Lets cases that are whole processes run beside each other, although the runner takes them one by one.

import type { ConformanceCase, OmittedCase } from './case.ts';

/** The same cases, each begun while the `count - 1` before it are still running. */
export async function* ahead<T extends ConformanceCase | OmittedCase>(
  cases: AsyncIterable<T> | Iterable<T>,
  count: number,
): AsyncIterable<T> {
  const begun: T[] = [];
  for await (const each of cases) {
    if ('omitted' in each) {
      yield each;
      continue;
    }
    const result = each.run();
    result.catch(() => undefined); // the runner sees it when it takes the case
    begun.push({ ...each, run: () => result });
    if (begun.length >= count) yield* begun.splice(0, 1);
  }
  yield* begun;
}
