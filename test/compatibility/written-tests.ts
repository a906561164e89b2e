// Which tests a file of the suite has, as they are written there, each with the titles of the groups around it.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export const TEST_FOLDER = join(import.meta.dirname, '..');

export interface WrittenTest {
  /** With `…` for each part that is put in while the tests are loaded. */
  readonly title: string;
  /** Titles of the groups it stands in, the outermost first, with a space between. */
  readonly group: string;
}

/** A line that begins a group or a test; formatted sources tell by their indentation what stands in what. */
const BEGIN = /^( *)(describe|it)\(\s*(?:'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"|`((?:\\.|[^`\\])*)`)/gm;

/** @param file below test/. @throws the error of the file system when there is no such file */
export async function writtenTests(file: string): Promise<readonly WrittenTest[]> {
  return testsIn(await readFile(join(TEST_FOLDER, file), 'utf8'));
}

export function testsIn(source: string): readonly WrittenTest[] {
  const tests: WrittenTest[] = [];
  let groups: readonly { readonly depth: number; readonly title: string }[] = [];
  for (const begin of source.matchAll(BEGIN)) {
    const depth = begin[1]?.length ?? 0;
    const title = titleOf(begin);
    groups = groups.filter((group) => group.depth < depth);
    if (begin[2] === 'describe') groups = [...groups, { depth, title }];
    else tests.push({ title, group: groups.map((group) => group.title).join(' ') });
  }
  return tests;
}

function titleOf([, , , single, double, template = '']: RegExpMatchArray): string {
  const text = single ?? double ?? template.replaceAll(/\$\{[^}]*\}/g, '…');
  return text.replaceAll(/\\(.)/g, '$1');
}
