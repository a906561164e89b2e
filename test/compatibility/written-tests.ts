// Which tests a file of the suite has, as they are written there, each with the titles of the groups around it. Titles
// that are put together while the tests are loaded are not found: a claim names a test that a search finds.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const TEST_FOLDER = join(import.meta.dirname, '..');

export interface WrittenTest {
  readonly title: string;
  /** Titles of the groups it stands in, the outermost first, with a space between. */
  readonly group: string;
}

/** A line that begins a group or a test; formatted sources tell by their indentation what stands in what. */
const BEGIN = /^( *)(describe|it)\(\s*(?:'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"|`((?:\\.|[^`\\$])*)`)/gm;

/** @param file below test/. @throws the error of the file system when there is no such file */
export async function writtenTests(file: string): Promise<readonly WrittenTest[]> {
  return testsIn(await readFile(join(TEST_FOLDER, file), 'utf8'));
}

export function testsIn(source: string): readonly WrittenTest[] {
  const tests: WrittenTest[] = [];
  let groups: readonly { readonly depth: number; readonly title: string }[] = [];
  for (const [, indent = '', word, single, double, template] of source.matchAll(BEGIN)) {
    const title = (single ?? double ?? template ?? '').replaceAll(/\\(.)/g, '$1');
    groups = groups.filter(({ depth }) => depth < indent.length);
    if (word === 'describe') groups = [...groups, { depth: indent.length, title }];
    else tests.push({ title, group: groups.map((group) => group.title).join(' ') });
  }
  return tests;
}
