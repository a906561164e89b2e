// A fair shuffle.

/** A copy in random order. @param random uniform in [0, 1) */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const order = items.map((item) => ({ item, rank: random() }));
  return order.toSorted((a, b) => a.rank - b.rank).map(({ item }) => item);
}
