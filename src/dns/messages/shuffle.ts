// A fair shuffle: Fisher and Yates, ended as soon as enough are drawn.

/**
 * A copy in random order.
 *
 * @param random uniform in [0, 1)
 * @param most how many are enough; which ones they are is random too. Default: all
 */
export function shuffled<T>(items: readonly T[], random: () => number, most = items.length): T[] {
  const order = [...items];
  const count = Math.min(most, order.length);
  for (let index = 0; index < count; index += 1) {
    const drawn = index + Math.floor(random() * (order.length - index));
    [order[index], order[drawn]] = [order[drawn] as T, order[index] as T];
  }
  return order.slice(0, count);
}
