// `bundle-vectors.json`: trust anchors merged and filtered, chains put together.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { concatPem, pemTexts } from '../../../src/pki/pem.ts';
import { filterRoots } from '../../../src/security/files/root-bundle.ts';
import { mergeAnchors } from '../../../src/security/trust-bundle.ts';
import type { ConformanceCase } from '../case.ts';

interface MergeRow {
  readonly ca: readonly string[];
  readonly config: readonly string[];
  readonly expectedSha256?: string;
  /** Files, in the order in which their certificates come out. */
  readonly order?: readonly string[];
  /** Position of the row with the same outcome. */
  readonly sameAs?: number;
}

interface RootRow {
  readonly file: string;
  readonly blocks: number;
  readonly valid: number;
  readonly dropped?: readonly string[];
  readonly error?: boolean;
}

interface ConcatRow {
  readonly in: readonly string[];
  readonly out: string;
}

interface Vectors {
  readonly merge: readonly MergeRow[];
  readonly rootParse: readonly RootRow[];
  readonly concat: readonly ConcatRow[];
}

export function* bundleCases(directory: string, data: unknown): Iterable<ConformanceCase> {
  const { merge, rootParse, concat, ...unknown } = data as Vectors & { note?: string };
  delete unknown.note;
  assert.deepEqual(Object.keys(unknown), [], 'lists nobody knows');
  const text = (file: string): Promise<string> => readFile(join(directory, file), 'utf8');
  for (const [index, row] of merge.entries()) {
    yield { name: `bundle: merge ${index}`, run: () => checkMerge(row, merge, text) };
  }
  for (const row of rootParse) {
    yield { name: `bundle: roots of ${row.file}`, run: async () => checkRoots(row, await text(row.file)) };
  }
  for (const [index, row] of concat.entries()) {
    yield { name: `bundle: concat ${index}`, run: async () => assert.equal(concatPem(row.in), row.out) };
  }
}

type ReadText = (file: string) => Promise<string>;

async function merged({ ca, config }: MergeRow, text: ReadText): Promise<string> {
  return mergeAnchors(await Promise.all([...ca, ...config].map(text)));
}

async function checkMerge(row: MergeRow, rows: readonly MergeRow[], text: ReadText): Promise<void> {
  const actual = await merged(row, text);
  const { expectedSha256, order, sameAs } = row;
  assert.ok(expectedSha256 ?? order ?? sameAs !== undefined, 'the row expects nothing');
  if (expectedSha256 !== undefined) {
    assert.equal(createHash('sha256').update(actual).digest('hex'), expectedSha256);
  }
  if (order !== undefined) {
    const texts = await Promise.all(order.map(text));
    assert.deepEqual(pemTexts(actual), texts.flatMap(pemTexts));
  }
  if (sameAs !== undefined) {
    const other = rows[sameAs] ?? assert.fail(`no row ${sameAs}`);
    assert.equal(actual, await merged(other, text));
  }
}

/** The words of the product for what it leaves out, by those of the rows. */
const REASONS: Readonly<Record<string, RegExp>> = {
  'negative serial number': /negative serial/,
  'DER parse error': /not an X\.509 certificate/,
  'malformed PEM': /malformed PEM/,
};

function checkRoots({ blocks, valid, dropped = [], error = false }: RootRow, text: string): void {
  const bundle = filterRoots(text);
  assert.equal(text.split('-----BEGIN ').length - 1, blocks);
  assert.equal(bundle.count, valid);
  assert.equal(pemTexts(bundle.pem).length, valid);
  assert.equal(bundle.count === 0, error);
  const reasons = dropped.map((reason) => REASONS[reason] ?? assert.fail(`not known: ${reason}`));
  assert.equal(bundle.dropped.length, reasons.length);
  for (const reason of reasons)
    assert.ok(
      bundle.dropped.some((each) => reason.test(each)),
      String(reason),
    );
}
