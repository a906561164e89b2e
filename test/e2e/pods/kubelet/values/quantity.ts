// Kubernetes quantities such as `100m`, `1.5` and `1Gi`.

/** How many thousandths of one. */
const UNITS: Readonly<Record<string, number>> = {
  m: 1,
  '': 1e3,
  k: 1e6,
  M: 1e9,
  G: 1e12,
  Ki: 1e3 * 1024,
  Mi: 1e3 * 1024 ** 2,
  Gi: 1e3 * 1024 ** 3,
};

/** In thousandths, rounded up. @throws Error for what is no quantity */
export function milliOf(quantity: string): number {
  const [, number, suffix = ''] = /^(\d+(?:\.\d+)?)([a-zA-Z]*)$/.exec(quantity) ?? [];
  const unit = UNITS[suffix];
  if (number === undefined || unit === undefined) throw new Error(`"${quantity}" is no quantity`);
  return Math.ceil(Number(number) * unit);
}

/** In bytes, rounded up. */
export function wholeOf(quantity: string): number {
  return Math.ceil(milliOf(quantity) / 1000);
}

/** How often the divisor fits, rounded up; `0` is how Go writes no divisor. */
export function divideQuantity(quantity: string, divisor: string): number {
  return Math.ceil(milliOf(quantity) / (milliOf(divisor) || 1000));
}
