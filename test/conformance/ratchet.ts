// `node test/conformance/ratchet.ts <root> [--write]`: runs every area that has a directory below the root, and
// compares the number of passing cases with ratchet.json. Fewer fails; more fails too, until the file is
// raised, by hand or with --write. The number never goes down by itself.

import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { messageOf } from '../../src/runtime/errors.ts';
import { writeFileAtomic } from '../../src/runtime/files.ts';
import { AREAS, type Areas, DIRECTORIES } from './areas.ts';
import { loadArea, runCases, UsageError } from './runner.ts';

/** Areas that run side by side: most of their time they wait for programs. */
const LANES = 2;
/** Begun first, so that none of them runs alone at the end. */
const SLOWEST: ReadonlySet<string> = new Set(['launch', 'inject']);

/** Number of passing cases by area. */
export type Ratchet = Readonly<Record<string, number>>;

export interface AreaResult {
  readonly area: string;
  readonly passed: number;
  readonly failed: number;
  /** Passing cases as recorded; 0 for a new area. */
  readonly recorded: number;
  /** How long the area ran, milliseconds. */
  readonly tookMs: number;
}

/** Runs the areas found below `root`; a recorded area without a directory counts as 0 passed. */
export async function runAreas(areas: Areas, root: string, recorded: Ratchet): Promise<AreaResult[]> {
  const found = new Set<string>();
  for (const area of Object.keys(areas)) if (await isDirectory(directoryOf(root, area))) found.add(area);
  const names = Object.keys(areas).filter((name) => found.has(name) || Object.hasOwn(recorded, name));
  if (!names.some((name) => found.has(name))) throw new UsageError(`no known area below "${root}"`);
  const results = new Map<string, AreaResult>();
  const waiting = names.toSorted((a, b) => Number(SLOWEST.has(b)) - Number(SLOWEST.has(a)));
  const lane = async (): Promise<void> => {
    for (let area = waiting.shift(); area !== undefined; area = waiting.shift()) {
      const startMs = performance.now();
      const { passed, failed } = found.has(area)
        ? await runCases(await loadArea(areas, area), directoryOf(root, area), () => undefined)
        : { passed: 0, failed: 0 };
      const tookMs = performance.now() - startMs;
      results.set(area, { area, passed, failed, recorded: recorded[area] ?? 0, tookMs });
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  return names.flatMap((name) => results.get(name) ?? []);
}

function directoryOf(root: string, area: string): string {
  return join(root, DIRECTORIES[area] ?? area);
}

async function isDirectory(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => undefined); // missing or closed: not found either way
  return info?.isDirectory() ?? false;
}

export function resultLine({ area, passed, failed, recorded }: AreaResult): string {
  const counts = `${area}: ${passed} passed, ${failed} failed`;
  if (passed < recorded) return `${counts}: FEWER than the ${recorded} recorded`;
  return passed > recorded ? `${counts}: raise it to ${passed} (${recorded} recorded)` : counts;
}

/** Exactly as many cases pass as are recorded. */
export function isHeld({ passed, recorded }: AreaResult): boolean {
  return passed === recorded;
}

/** Recorded numbers, each raised to what passes now. */
export function raised(recorded: Ratchet, results: readonly AreaResult[]): Ratchet {
  const numbers = results.map(({ area, passed }) => [area, Math.max(passed, recorded[area] ?? 0)] as const);
  return { ...recorded, ...Object.fromEntries(numbers) };
}

async function main(args: readonly string[]): Promise<number> {
  const isWriting = args.includes('--write');
  const [root, ...rest] = args.filter((arg) => arg !== '--write');
  if (root === undefined || rest.length > 0)
    throw new UsageError('usage: ratchet <conformance root> [--write]');
  const file = join(import.meta.dirname, 'ratchet.json');
  const recorded = JSON.parse(await readFile(file, 'utf8')) as Ratchet;
  const results = await runAreas(AREAS, root, recorded);
  for (const result of results) console.log(`${resultLine(result)} (${Math.round(result.tookMs / 1000)} s)`);
  if (isWriting) await writeFileAtomic(file, `${JSON.stringify(raised(recorded, results), null, 2)}\n`);
  return results.every((result) => isHeld(result) || (isWriting && result.passed > result.recorded)) ? 0 : 1;
}

if (import.meta.main) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    console.error(messageOf(error));
    process.exitCode = 1;
  }
}
