// A fair shuffle.

/**
 * A copy in random order.
 *
 * @param random uniform in [0, 1)
 * @param most how many are enough; which ones they are is random too. Default: all
 */
export function shuffled<T>(items: readonly T[], random: () => number, most = items.length): T[] {
  const order = sample(items, random, most).map((item) => ({ item, rank: random() }));
  return order.toSorted((a, b) => a.rank - b.rank).map(({ item }) => item);
}

function sample<T>(items: readonly T[], random: () => number, most: number): readonly T[] {
  if (items.length <= most) return items;
  const rest = [...items];
  for (let index = 0; index < most; index += 1) {
    const chosen = index + Math.floor(random() * (rest.length - index));
    [rest[index], rest[chosen]] = [rest[chosen] as T, rest[index] as T];
  }
  return rest.slice(0, most);
}
