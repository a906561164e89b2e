// Measured values and the table they are shown in. Nothing is judged: figures depend on the machine.

export interface Row {
  /** What was measured. */
  readonly what: string;
  /** `ms`, `MiB`, … */
  readonly unit: string;
  /** One value per run. */
  readonly values: readonly number[];
}

export interface Bench {
  readonly name: string;
  /** How it is measured, for the reader of the table. */
  readonly how: string;
  readonly run: () => Promise<readonly Row[] | TextTable>;
}

/** A table of its own kind, where the values of each row are of different sorts. */
export interface TextTable {
  readonly head: readonly string[];
  readonly lines: readonly (readonly string[])[];
}

/** The first column to the left, the others to the right. */
export function textTable({ head, lines }: TextTable): string {
  const rows = [head, ...lines];
  const widths = head.map((_, index) => Math.max(...rows.map((row) => row[index]?.length ?? 0)));
  const cell = (text: string, index: number): string =>
    index === 0 ? text.padEnd(widths[0] ?? 0) : text.padStart(widths[index] ?? 0);
  return rows.map((row) => row.map(cell).join('  ')).join('\n');
}

/** Of an even number of values the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? NaN) + (sorted[Math.floor(middle)] ?? NaN)) / 2;
}

/** @param share from 0 to 1: 0.99 for the value that one in a hundred reaches */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? NaN;
}

/** One line per row: median, least and greatest value. */
export function table(rows: readonly Row[]): string {
  const width = Math.max(...rows.map(({ what }) => what.length));
  const head = [' '.repeat(width), 'median', 'min', 'max'];
  const lines = rows.map(({ what, unit, values }) => [
    what.padEnd(width),
    ...[median(values), Math.min(...values), Math.max(...values)].map((value) => `${short(value)} ${unit}`),
  ]);
  return [head, ...lines].map(([what = '', ...cells]) => what + cells.map(column).join('')).join('\n');
}

function column(cell: string): string {
  return cell.padStart(12);
}

function short(value: number): string {
  return Number.isInteger(value) || value >= 100 ? value.toFixed(0) : value.toFixed(1);
}
