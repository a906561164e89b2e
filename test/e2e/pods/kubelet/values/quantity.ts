// Kubernetes quantities such as `100m`, `1Gi`, `0.5` and `1e3`, exactly.

const DECIMAL: Readonly<Record<string, number>> = {
  n: -9,
  u: -6,
  m: -3,
  '': 0,
  k: 3,
  M: 6,
  G: 9,
  T: 12,
  P: 15,
  E: 18,
};
const BINARY: Readonly<Record<string, bigint>> = { Ki: 1n, Mi: 2n, Gi: 3n, Ti: 4n, Pi: 5n, Ei: 6n };
const NANOS = 9;

/** In billionths, so that whole numbers hold every quantity. @throws Error for what is no quantity */
export function nanos(quantity: string): bigint {
  const match = /^\+?(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+)|([numkMGTPE]|[KMGTPE]i)?)$/.exec(quantity);
  const [, whole = '', fraction = '', exponent, suffix = ''] = match ?? [];
  if (match === null || whole + fraction === '') throw new Error(`"${quantity}" is no quantity`);
  const power = exponent === undefined ? (DECIMAL[suffix] ?? 0) : Number(exponent);
  const binary = 1024n ** (BINARY[suffix] ?? 0n);
  const shift = NANOS + power - fraction.length;
  const digits = BigInt(whole + fraction) * binary;
  return shift >= 0 ? digits * 10n ** BigInt(shift) : ceilDivide(digits, 10n ** BigInt(-shift));
}

/** How often the divisor fits, rounded up; both are rounded up to thousandths (cpu) or to whole ones before. */
export function divideQuantity(quantity: string, divisor: string, unit: 'milli' | 'whole'): string {
  const step = unit === 'milli' ? 1_000_000n : 1_000_000_000n;
  const part = ceilDivide(nanos(divisor), step);
  const parts = part === 0n ? ceilDivide(nanos('1'), step) : part; // "0" is how Go writes no divisor
  return String(ceilDivide(ceilDivide(nanos(quantity), step), parts));
}

/** In bytes or whole cores, rounded up. */
export function wholeOf(quantity: string): number {
  return Number(ceilDivide(nanos(quantity), 1_000_000_000n));
}

/** Of a core, rounded up. */
export function milliOf(quantity: string): number {
  return Number(ceilDivide(nanos(quantity), 1_000_000n));
}

function ceilDivide(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}
